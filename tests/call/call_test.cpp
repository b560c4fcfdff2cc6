#include "call/call.h"

#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <c10/util/Exception.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program/arguments.h"
#include "program/emit.h"
#include "support/evaluate_program.h"
#include "support/scratch.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// One node with a tensor x as value 0 and its result as value 1.
struct OneNode {
  Program program;
  Node node;

  OneNode(const std::string& op, std::vector<Operand> operands) {
    const ValueId x = add_user_input(program, "x", at::kFloat, {Dim(2), Dim(3)});
    operands.insert(operands.begin(), {"self", ValueRef{x}});
    node = make_node(op, operands);
    add_result(program, node, "y", x);
  }
  at::Tensor run(const at::Tensor& x) const {
    Slots slots(program.values.size());
    slots[0] = x;
    Call(program, node, 0).run(slots);
    return slots[1].toTensor();
  }
  std::string fault() const {
    return error_of([&] { Call(program, node, 12); });
  }
};

TEST(Call, DispatchesToTheOperator) {
  const at::Tensor x = at::randn({2, 3});
  EXPECT_TRUE(OneNode("aten::relu", {}).run(x).equal(x.relu()));
  EXPECT_TRUE(OneNode("aten::sum.dim_IntList", {{"dim", int_list({1})}, {"keepdim", true}})
                  .run(x)
                  .equal(x.sum({1}, true)));
}

TEST(Call, TakesTheSchemasDefaultsAndWidensNumbers) {
  const at::Tensor x = at::randn({2, 3});
  const at::Tensor expected = OneNode("aten::elu", {{"alpha", 1.0}}).run(x);
  EXPECT_TRUE(OneNode("aten::elu", {}).run(x).equal(expected));
  EXPECT_TRUE(OneNode("aten::elu", {{"alpha", int64_t{1}}}).run(x).equal(expected));
}

TEST(Call, NamesTheNodeAndWhatIsWrongWithItsArguments) {
  EXPECT_THAT(OneNode("aten::nonsense", {}).fault(),
              AllOf(HasSubstr("node 12 (%y_v1 = aten::nonsense)"), HasSubstr("no such operator")));
  EXPECT_THAT(OneNode("aten::relu", {{"slope", 2.0}}).fault(), HasSubstr("'slope'"));
  EXPECT_THAT(OneNode("aten::softmax.int", {}).fault(), HasSubstr("dim"));
  EXPECT_THAT(OneNode("aten::softmax.int", {{"dim", std::string("one")}}).fault(),
              HasSubstr("node 12"));
}

TEST(Call, TellsABadIndexApart) {
  const OneNode bad("aten::index_select", {{"dim", int64_t{0}}, {"index", ValueRef{0}}});
  EXPECT_THROW(bad.run(at::ones({3}).mul(7).to(at::kLong)), c10::IndexError);
}

TEST(Call, ReadsAndWritesTheSlotsThatValuesWereRenamedTo) {
  const OneNode one("aten::relu", {});
  Call call(one.program, one.node, 0);
  call.set_slots([](ValueId id) { return 5 - id; });
  Slots slots(6);
  const at::Tensor x = at::randn({2, 3});
  slots[5] = x;
  call.run(slots);
  EXPECT_TRUE(slots[4].toTensor().equal(x.relu()));
}

TEST(Call, KnowsWhatWritesIntoItsArguments) {
  EXPECT_TRUE(writes_arguments(make_node("aten::relu_", {})));
  EXPECT_FALSE(writes_arguments(make_node("aten::relu", {})));
  EXPECT_TRUE(writes_arguments(make_node("aten::add.out", {})));
  EXPECT_FALSE(writes_arguments(make_node("_operator::add", {})));
}

TEST(Call, IsDescribedByItsFirstResult) {
  const OneNode one("aten::sum.dim_IntList", {});
  EXPECT_EQ(describe_node(one.program, one.node, 3), "node 3 (%y_v1 = aten::sum.dim_IntList)");
}

// MobileViT's decomposed form: what a convolution here leaves in another layout than in Python.
TEST(Call, GivesAGroupNormItsInputWithoutGaps) {
  Program program;
  const ValueRef x{add_user_input(program, "x", at::kFloat, {2, 4, 8})};
  Node norm = make_node("aten::native_group_norm", {{"input", x},
                                                    {"weight", None{}},
                                                    {"bias", None{}},
                                                    {"N", int64_t{2}},
                                                    {"C", int64_t{4}},
                                                    {"HxW", int64_t{8}},
                                                    {"group", int64_t{2}},
                                                    {"eps", 1e-3}});
  const ValueRef y{add_result(program, norm, "y")};
  program.nodes.push_back(std::move(norm));
  program.outputs.push_back({GraphOutput::Kind::kUser, y, "y"});
  const at::Tensor wide = at::rand({2, 4, 16}), part = wide.slice(2, 0, 16, 2);
  const at::Tensor a = evaluate(program, {part})[0], b = evaluate(program, {part.contiguous()})[0];
  EXPECT_TRUE(a.equal(b));
}

}  // namespace
}  // namespace maas
