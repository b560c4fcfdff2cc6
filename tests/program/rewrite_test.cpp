#include "program/rewrite.h"

#include <ATen/ops/ones.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "call/builder.h"
#include "call/verify.h"
#include "support/evaluate_program.h"

namespace maas {
namespace {

using testing::ElementsAre;

// y = relu(x @ w.T + b); s = y + y; the second half of split(y) is not read.
struct Network {
  GraphBuilder g = GraphBuilder("test", 1);
  Handle x = g.input("x", {4}, at::kFloat);
  Handle h = g.linear("fc", x, 6);
  Handle y = g.relu(h);
  Handle sum = g.add(y, y);
  std::vector<Handle> halves = g.call_many("aten::max_pool2d_with_indices", pool_operands(), 2);
  Program program = g.finish({{"sum", sum}, {"half", halves[0]}});

  std::vector<Operand> pool_operands() {
    const Handle image = g.call("aten::unsqueeze", {{"self", ValueRef{y.id}}, {"dim", int64_t{0}}});
    return {{"self", ValueRef{image.id}}, {"kernel_size", IntList{{{1}, {2}}}}};
  }
};

TEST(Rewrite, CountsEveryReadByNodesAndOutputs) {
  const Network n;
  const std::vector<int64_t> uses = count_uses(n.program);
  EXPECT_EQ(uses[n.x.id], 1);
  EXPECT_EQ(uses[n.y.id], 3);  // twice in the sum
  EXPECT_EQ(uses[n.sum.id], 1);
  EXPECT_EQ(uses[n.halves[1].id], 0);
}

TEST(Rewrite, KnowsWhoMakesAValueAndWhoReadsItLast) {
  const Network n;
  const std::vector<int64_t> made_by = producers(n.program), last = last_reads(n.program);
  EXPECT_EQ(made_by[n.x.id], -1);
  EXPECT_EQ(made_by[n.h.id], 0);
  EXPECT_EQ(made_by[n.halves[1].id], 4);
  EXPECT_EQ(last[n.x.id], 0);
  EXPECT_EQ(last[n.y.id], 3);
  EXPECT_EQ(last[n.sum.id], -1);  // an output is no node
}

TEST(Rewrite, VisitsValuesInsideLists) {
  Node node;
  node.arguments = {{"tensors", ValueList{{3, kNoValue, 4}}},
                    {"size", IntList{{{0, 5}, {7, kNoValue}}}},
                    {"flag", true}};
  node.outputs = {{{8, kNoValue}, true}, {{9}, false}};
  std::vector<ValueId> read, made;
  for_each_use(node, [&](ValueId id) { read.push_back(id); });
  for_each_result(node, [&](ValueId id) { made.push_back(id); });
  EXPECT_THAT(read, ElementsAre(3, 4, 5));
  EXPECT_THAT(made, ElementsAre(8, 9));
  rename_uses(node, [](ValueId id) { return id + 10; });
  read.clear();
  for_each_use(node, [&](ValueId id) { read.push_back(id); });
  EXPECT_THAT(read, ElementsAre(13, 14, 15));
}

TEST(Rewrite, ReplacesReadsInNodesAndOutputs) {
  Network n;
  replace_value(n.program, n.sum.id, n.y.id);
  replace_value(n.program, n.h.id, n.x.id);
  EXPECT_EQ(std::get<ValueRef>(n.program.outputs[0].value).id, n.y.id);
  EXPECT_EQ(std::get<ValueRef>(*n.program.nodes[1].find("self")).id, n.x.id);
}

TEST(Rewrite, RemovesWhatNoOutputNeeds) {
  Network n;
  n.program.outputs.erase(n.program.outputs.begin());
  replace_value(n.program, n.h.id, n.x.id);
  remove_dead_code(n.program);
  EXPECT_EQ(n.program.nodes.size(), 3U);  // relu, unsqueeze, pooling
  EXPECT_TRUE(n.program.parameters.empty());
  EXPECT_EQ(n.program.user_inputs().size(), 1U);
}

TEST(Rewrite, KeepsUserInputsAndBuffersThatAreWritten) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {4}, at::kFloat);
  const Handle unread = g.buffer("count", at::ones({4}));
  const Handle other = g.buffer("other", at::ones({4}));
  Program program = g.finish({{"y", g.relu(g.input("z", {4}, at::kFloat))}});
  program.outputs.push_back({GraphOutput::Kind::kBufferMutation, ValueRef{x.id}, "count"});
  remove_dead_code(program);
  EXPECT_EQ(program.user_inputs().size(), 2U);
  EXPECT_EQ(program.buffers.count("count"), 1U);
  EXPECT_EQ(program.buffers.count("other"), 0U);
  EXPECT_NE(unread.id, other.id);
}

TEST(Rewrite, KnowsWhichBuffersARunChanges) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {4}, at::kFloat);
  const Handle mean = g.buffer("mean", at::ones({4}));
  const Handle y = g.add(g.batch_norm("bn", x), mean);
  Program program = g.finish({{"y", y}});
  EXPECT_THAT(changing_buffers(program), ElementsAre("bn.running_mean", "bn.running_var"));
  program.outputs.push_back({GraphOutput::Kind::kBufferMutation, ValueRef{mean.id}, "mean"});
  EXPECT_EQ(changing_buffers(program).count("mean"), 1U);
}

TEST(Rewrite, GivesValuesByNameAsFurtherOutputs) {
  const Network n;
  const std::string name = n.program.value(n.h.id).name;
  const Program more = with_outputs(n.program, {name});
  ASSERT_EQ(more.user_outputs().size(), 3U);
  EXPECT_THAT(more.user_output_names, ElementsAre("sum", "half", name));
  const at::Tensor x = at::ones({2, 4});
  const auto outputs = evaluate(more, {x});
  EXPECT_TRUE(outputs[0].equal(evaluate(n.program, {x})[0]));
  EXPECT_TRUE(outputs[2].relu().mul(2).equal(outputs[0]));
  EXPECT_THROW(with_outputs(n.program, {"nobody"}), Error);
}

TEST(Rewrite, SharesTheTensorsThatNodesRead) {
  const Network n;
  const auto tensors = tensors_by_value(n.program);
  EXPECT_EQ(tensors.size(), 2U);
  for (const auto& [id, tensor] : tensors) {
    EXPECT_TRUE(tensor.is_alias_of(n.program.parameters.at("fc.weight")) ||
                tensor.is_alias_of(n.program.parameters.at("fc.bias")));
  }
}

TEST(Rewrite, DropsValuesThatNothingMentions) {
  Network n;
  const at::Tensor x = at::ones({2, 4});
  const auto before = evaluate(n.program, {x});
  n.program.outputs.pop_back();
  remove_dead_code(n.program);
  const size_t many = n.program.values.size();
  compact_values(n.program);
  EXPECT_LT(n.program.values.size(), many);
  EXPECT_NO_THROW(verify(n.program, "test"));
  EXPECT_TRUE(evaluate(n.program, {x})[0].equal(before[0]));
}

}  // namespace
}  // namespace maas
