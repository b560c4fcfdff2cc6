// Shape rules against libtorch's kernels.
#include "call/meta_kernels.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <gtest/gtest.h>

#include "call/builder.h"
#include "call/call.h"
#include "program/arguments.h"
#include "program/emit.h"

namespace maas {
namespace {

// A node over one input, "x", read as `first`; any value among the other operands stands for it,
// too.
struct Example {
  std::string op;
  std::vector<Operand> rest;
  at::Tensor x;
  std::string first = "self";
  size_t results = 1;
};

std::vector<at::Tensor> results_of(const Example& example, const at::Tensor& x) {
  Program program;
  program.values.resize(1 + example.results);
  std::vector<Operand> operands = {{example.first, ValueRef{0}}};
  for (const Operand& operand : example.rest) {
    const bool is_x = std::holds_alternative<ValueRef>(operand.value);
    operands.push_back({operand.name, is_x ? Argument(ValueRef{0}) : operand.value});
  }
  Node node = make_node(example.op, operands);
  for (size_t i = 0; i < example.results; ++i) {
    program.values[1 + i].name = "y" + std::to_string(i);
    node.outputs.push_back({{static_cast<ValueId>(1 + i)}, false});
  }
  program.nodes.push_back(node);
  Call call(program, node, 0);
  call.set_device(x.device());
  Slots slots(program.values.size());
  slots[0] = x;
  call.run(slots);
  std::vector<at::Tensor> results;
  for (size_t i = 0; i < example.results; ++i) results.push_back(slots[1 + i].toTensor());
  return results;
}

void expect_the_same_shapes(const Example& example) {
  register_meta_kernels();
  const auto real = results_of(example, example.x);
  const auto shapes =
      results_of(example, at::empty(example.x.sizes(), example.x.options().device(at::kMeta)));
  for (size_t i = 0; i < real.size(); ++i) {
    EXPECT_EQ(real[i].sizes(), shapes[i].sizes()) << example.op << " result " << i;
    EXPECT_EQ(real[i].scalar_type(), shapes[i].scalar_type()) << example.op << " result " << i;
    EXPECT_TRUE(shapes[i].is_meta()) << example.op;
  }
}

TEST(MetaKernels, OfOneOperandGiveTheShapesOfTheKernels) {
  const at::Tensor x = at::rand({2, 4, 5, 6});
  for (const char* op : {"relu", "hardswish", "hardtanh", "isnan", "prod", "max", "min"}) {
    expect_the_same_shapes({std::string("aten::") + op, {}, x});
  }
  expect_the_same_shapes({"aten::prod", {}, at::randint(3, {4}, at::kInt)});
  expect_the_same_shapes({"aten::flip", {{"dims", int_list({-1, 1})}}, x});
  expect_the_same_shapes(
      {"aten::roll", {{"shifts", int_list({1, 2})}, {"dims", int_list({2, 3})}}, x});
  expect_the_same_shapes({"aten::channel_shuffle", {{"groups", int64_t{2}}}, x});
  expect_the_same_shapes({"aten::reflection_pad2d", {{"padding", int_list({1, 2, 3, 0})}}, x});
  expect_the_same_shapes({"aten::log_sigmoid_forward", {}, x, "self", 2});
}

TEST(MetaKernels, OfVariancesGiveTheShapesOfTheKernels) {
  const at::Tensor x = at::rand({2, 4, 5});
  for (const char* op : {"var", "std", "var_mean", "std_mean"}) {
    const std::string name = std::string("aten::") + op + ".correction";
    const size_t results = name.find("mean") == name.npos ? 1 : 2;
    expect_the_same_shapes({name, {}, x, "self", results});
    expect_the_same_shapes({name, {{"dim", int_list({-1})}}, x, "self", results});
    expect_the_same_shapes(
        {name, {{"dim", int_list({0, 2})}, {"keepdim", true}}, x, "self", results});
  }
}

TEST(MetaKernels, OfTwoOperandsGiveTheShapesOfTheKernels) {
  expect_the_same_shapes(
      {"aten::floor_divide", {{"other", ValueRef{0}}}, at::randint(1, 9, {3}, at::kInt)});
  expect_the_same_shapes({"aten::rsub.Tensor", {{"other", ValueRef{0}}}, at::rand({2, 3})});
  expect_the_same_shapes({"aten::grid_sampler_2d",
                          {{"grid", ValueRef{0}},
                           {"interpolation_mode", int64_t{0}},
                           {"padding_mode", int64_t{0}},
                           {"align_corners", false}},
                          at::rand({2, 4, 5, 2}),
                          "input"});
  expect_the_same_shapes({"aten::_scaled_dot_product_flash_attention_for_cpu",
                          {{"key", ValueRef{0}}, {"value", ValueRef{0}}},
                          at::rand({2, 3, 5, 8}),
                          "query",
                          2});
}

}  // namespace
}  // namespace maas
