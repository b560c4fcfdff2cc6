#include "pt2/autocast.h"

#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include "call/builder.h"
#include "call/verify.h"

namespace maas {
namespace {

TEST(Autocast, ConvertsTheArgumentsToTheTypeThatTheResultWasDeclaredWith) {
  GraphBuilder g("net", 1);
  const Handle x = g.input("x", {4}, at::kFloat);
  const Handle weight = g.parameter("weight", at::ones({2, 4}));
  const Handle y =
      g.call("aten::linear", {{"input", ValueRef{x.id}}, {"weight", ValueRef{weight.id}}});
  const Handle z = g.call("aten::softmax.int", {{"self", ValueRef{y.id}}, {"dim", int64_t{-1}}});
  Program program = g.finish({{"out", z}});
  // As torch.export writes it: the product is bfloat16, the softmax float32, no conversion between.
  program.value(y.id).dtype = at::kBFloat16;
  for (Node& node : program.nodes) node.metadata[kAutocastMark] = "";
  spell_out_autocast(program);
  EXPECT_NO_THROW(verify(program, "net.pt2"));
  ASSERT_EQ(program.nodes.size(), 5U);
  EXPECT_EQ(program.nodes[0].full_name(), "aten::to.dtype");
  EXPECT_EQ(program.nodes[3].full_name(), "aten::to.dtype");
  for (const Node& node : program.nodes) EXPECT_EQ(node.metadata.count(kAutocastMark), 0U);
}

TEST(Autocast, LeavesUnmarkedNodesAlone) {
  GraphBuilder g("net", 1);
  Program program = g.finish({{"out", g.relu(g.input("x", {4}, at::kFloat))}});
  spell_out_autocast(program);
  EXPECT_EQ(program.nodes.size(), 1U);
}

}  // namespace
}  // namespace maas
