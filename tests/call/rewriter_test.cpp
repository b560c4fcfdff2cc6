#include "call/rewriter.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "call/builder.h"
#include "call/verify.h"
#include "support/evaluate_program.h"
#include "support/scratch.h"

namespace maas {
namespace {

using testing::HasSubstr;

// x -> relu -> neg -> output, and relu -> exp -> output.
struct Network {
  GraphBuilder g = GraphBuilder("test", 1);
  Handle x = g.input("x", {4}, at::kFloat);
  Handle relu = g.relu(x);
  Handle neg = g.call("aten::neg", {{"self", ValueRef{relu.id}}});
  Handle exp = g.call("aten::exp", {{"self", ValueRef{relu.id}}});
  Program program = g.finish({{"neg", neg}, {"exp", exp}});
};

std::vector<std::string> operators_of(const Program& program) {
  std::vector<std::string> names;
  for (const Node& node : program.nodes) names.push_back(node.full_name());
  return names;
}

TEST(Rewriter, ThatDoesNothingGivesTheProgramBack) {
  const Network network;
  Rewriter r(network.program);
  EXPECT_EQ(r.size(), 3U);
  EXPECT_EQ(to_text(r.finish()), to_text(network.program));
}

TEST(Rewriter, PutsNodesInFrontOfTheOneAtWhichItStands) {
  const Network network;
  Rewriter r(network.program);
  r.at(r.size());
  const ValueId last = r.emit("aten::sin", {{"self", ValueRef{network.neg.id}}});
  r.at(1);
  const ValueId twice =
      r.emit("aten::mul.Scalar", {{"self", ValueRef{network.relu.id}}, {"other", int64_t{2}}});
  const ValueId more =
      r.emit("aten::add.Scalar", {{"self", ValueRef{twice}}, {"other", int64_t{1}}});
  r.node(1).set("self", ValueRef{more});
  r.program().outputs.at(0).value = ValueRef{last};
  const Program after = r.finish();
  verify(after, "test");
  EXPECT_THAT(operators_of(after),
              testing::ElementsAre("aten::relu", "aten::mul.Scalar", "aten::add.Scalar",
                                   "aten::neg", "aten::exp", "aten::sin"));
  const at::Tensor x = at::randn({3, 4});
  EXPECT_TRUE(at::allclose(evaluate(after, {x})[0], x.relu().mul(2).add(1).neg().sin()));
}

TEST(Rewriter, DeclaresWhatItEmits) {
  const Network network;
  Rewriter r(network.program);
  r.at(r.size());
  const ValueId joined = r.emit(
      "aten::cat", {{"tensors", ValueList{{network.neg.id, network.exp.id}}}, {"dim", int64_t{0}}});
  const ValueId sorted =
      r.emit_many("aten::topk", {{"self", ValueRef{joined}}, {"k", int64_t{2}}}, 2)[1];
  EXPECT_EQ(to_text(r.program().value(joined).shape), "[2*s0, 4]");
  EXPECT_EQ(to_text(r.program().value(sorted).shape), "[2*s0, 2]");
  EXPECT_EQ(r.program().value(sorted).dtype, at::kLong);
  r.program().outputs.push_back({GraphOutput::Kind::kUser, ValueRef{sorted}, ""});
  EXPECT_NO_THROW(verify(r.finish(), "test"));
}

TEST(Rewriter, NamesTheNodeThatLibtorchRefuses) {
  const Network network;
  Rewriter r(network.program, "net.pt2");
  const at::Tensor other = at::ones({3});
  const ValueId three = add_constant(r.program(), "three", other);
  r.at(r.size());
  EXPECT_THAT(error_of([&] {
                r.emit("aten::add.Tensor",
                       {{"self", ValueRef{network.exp.id}}, {"other", ValueRef{three}}});
              }),
              testing::AllOf(HasSubstr("net.pt2: node 3"), HasSubstr("aten::add.Tensor")));
}

TEST(Rewriter, KnowsWhoMakesAndWhoReadsAValue) {
  const Network network;
  Rewriter r(network.program);
  EXPECT_EQ(r.producer(network.x.id), nullptr);
  EXPECT_EQ(r.producer_index(network.x.id), std::nullopt);
  EXPECT_EQ(r.producer(network.neg.id)->op, "aten::neg");
  EXPECT_EQ(r.producer_index(network.neg.id), 1U);
  EXPECT_EQ(r.producer_index(kNoValue), std::nullopt);
  EXPECT_EQ(r.only_reader(network.x.id), 0U);
  EXPECT_EQ(r.only_reader(network.relu.id), std::nullopt);  // two nodes
  EXPECT_EQ(r.only_reader(network.neg.id), std::nullopt);   // an output
  const ValueId made = r.emit("aten::sin", {{"self", ValueRef{network.x.id}}});
  EXPECT_EQ(r.producer(made)->op, "aten::sin");
  EXPECT_EQ(r.producer_index(made), std::nullopt);
  EXPECT_EQ(r.only_reader(made), std::nullopt);
}

TEST(Rewriter, WrapsAValueForAllThatReadIt) {
  const Network network;
  Rewriter r(network.program);
  r.at(1);
  const ValueId wrapped = r.emit("aten::sin", {{"self", ValueRef{network.relu.id}}});
  r.replace(network.relu.id, wrapped);
  const Program after = r.finish();
  const at::Tensor x = at::randn({3, 4});
  EXPECT_TRUE(at::allclose(evaluate(after, {x})[0], x.relu().sin().neg()));
  EXPECT_TRUE(at::allclose(evaluate(after, {x})[1], x.relu().sin().exp()));
}

TEST(Rewriter, CountsTheReadersOfAReplacementToo) {
  const Network network;
  Rewriter r(network.program);
  r.replace(network.relu.id, network.x.id);
  EXPECT_EQ(r.only_reader(network.x.id), std::nullopt);  // relu itself, neg and exp
  EXPECT_EQ(r.only_reader(network.relu.id), std::nullopt);
}

TEST(Rewriter, KeepsTheOnlyReaderWhenWhatNobodyReadsIsReplaced) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {4}, at::kFloat);
  const Handle unread = g.relu(x);
  const Handle y = g.call("aten::neg", {{"self", ValueRef{x.id}}});
  const Handle z = g.call("aten::exp", {{"self", ValueRef{y.id}}});
  Rewriter r(g.finish({{"z", z}}));
  r.replace(unread.id, y.id);
  EXPECT_EQ(r.only_reader(y.id), 2U);
}

TEST(Rewriter, DropsWhatNobodyReadsAnyMore) {
  const Network network;
  Rewriter r(network.program);
  r.emit("aten::sin", {{"self", ValueRef{network.x.id}}});
  r.replace(network.neg.id, network.relu.id);
  EXPECT_THAT(operators_of(r.finish()), testing::ElementsAre("aten::relu", "aten::exp"));
}

TEST(Rewriter, RefusesToFinishAGraphThatReadsARemovedNode) {
  const Network network;
  Rewriter r(network.program, "pass 'mistaken'");
  r.remove(0);
  EXPECT_THAT(error_of([&] { r.finish(); }, ErrorKind::kInternal),
              testing::AllOf(HasSubstr("pass 'mistaken': node 0 (aten::neg)"),
                             HasSubstr("before it is made")));
}

TEST(Rewriter, RemovesANodeWhoseResultAnotherMakes) {
  const Network network;
  Rewriter r(network.program);
  r.node(2).op = "aten::sin";
  r.node(1).outputs.swap(r.node(2).outputs);  // neg makes what exp made, and the other way round
  const at::Tensor x = at::randn({3, 4});
  const auto outputs = evaluate(r.finish(), {x});
  EXPECT_TRUE(at::allclose(outputs[0], x.relu().sin()));
  EXPECT_TRUE(at::allclose(outputs[1], x.relu().neg()));
}

}  // namespace
}  // namespace maas
