#include "call/trial_run.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "call/builder.h"
#include "call/infer.h"

namespace maas {
namespace {

using testing::HasSubstr;

std::string message_of(const Program& program) {
  try {
    const SymbolValues symbols = smallest_symbols(program);
    try_program(program, "net.pt2", symbols, ShapeInference("net.pt2").run(program, symbols));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

Program lookup(int64_t lowest, bool in_a_table) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {3}, at::kLong);
  const Handle indices = in_a_table ? g.buffer("table", at::arange(lowest, lowest + 3)) : x;
  const Handle moved = g.call("aten::add.Scalar", {{"self", ValueRef{indices.id}},
                                                   {"other", in_a_table ? int64_t{0} : lowest}});
  const Handle found = g.embedding("embed", moved, 4, 2);
  return g.finish({{"y", g.linear("fc", found, 2)}});
}

// Zeros are not what the network gets: 1-based tokens, say.
TEST(TrialRun, HoldsNoIndexAgainstAGraphThatItsInputGives) {
  EXPECT_EQ(message_of(lookup(-1, false)), "");
}

TEST(TrialRun, RefusesAnIndexThatIsOutOfRangeWhateverComesIn) {
  EXPECT_EQ(message_of(lookup(0, true)), "");
  EXPECT_THAT(message_of(lookup(3, true)), HasSubstr("aten::embedding"));
}

TEST(TrialRun, HoldsNoSingularMatrixAgainstAGraph) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {3, 3}, at::kFloat);
  EXPECT_EQ(message_of(g.finish({{"y", g.call("aten::inverse", {{"self", ValueRef{x.id}}})}})), "");
}

TEST(TrialRun, HoldsNoFactorOfZerosAgainstAGraph) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {3, 3}, at::kFloat);
  const Handle inverse = g.call("aten::cholesky_inverse", {{"self", ValueRef{x.id}}});
  EXPECT_EQ(message_of(g.finish({{"y", inverse}})), "");
}

TEST(TrialRun, RefusesAGraphThatNeedsMoreMemoryThanItsSizeExplains) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {4}, at::kFloat);
  const Handle wide = g.call(
      "aten::repeat", {{"self", ValueRef{x.id}}, {"repeats", IntList{{{1}, {int64_t{1} << 30}}}}});
  const Program program = g.finish(
      {{"y", g.call("aten::mean.dim", {{"self", ValueRef{wide.id}}, {"dim", IntList{{{1}}}}})}});
  EXPECT_THAT(message_of(program), HasSubstr("node 0 (%repeat = aten::repeat): needs 32 GiB"));
}

TEST(TrialRun, RefusesInputsThatNoMachineHolds) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {4}, at::kFloat);
  Program program = g.finish({{"y", g.relu(x)}});
  program.value(x.id).shape[0] = Dim(int64_t{1} << 40);
  EXPECT_THAT(message_of(program), HasSubstr("its inputs need 1.64e+04 GiB of memory; expected"));
}

TEST(TrialRun, LeavesStatisticsAndRandomNumbersAsTheyWere) {
  GraphBuilder g("test", 1);
  const Handle x = g.batch_norm("bn", g.dropout(g.input("x", {4}, at::kFloat), 0.5));
  Program program = g.finish({{"y", x}});
  for (Node& node : program.nodes)
    node.set(node.op == "aten::dropout" ? "train" : "training", true);
  const at::Tensor before = program.buffers.at("bn.running_var").clone();
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  const at::Tensor state = generator.get_state();
  EXPECT_EQ(message_of(program), "");
  EXPECT_TRUE(program.buffers.at("bn.running_var").equal(before));
  EXPECT_TRUE(generator.get_state().equal(state));
}

}  // namespace
}  // namespace maas
