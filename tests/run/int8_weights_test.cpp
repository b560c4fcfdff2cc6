#include "run/int8_weights.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/randint.h>
#include <gtest/gtest.h>

#include "program/emit.h"
#include "run/lower.h"
#include "run/lower_case.h"
#include "run/recompose.h"
#include "tensor/random.h"

namespace maas {
namespace {

// How a file may spell a linear whose weight [5, 7] is stored in int8.
struct Spelling {
  const char* convert = "aten::to.dtype";
  bool scale_first = false, turned = false;
};

Program stored(const Spelling& spelling, at::Tensor scale = normal_tensor({5, 1}, 1, 2).abs()) {
  Program program;
  const ValueId x = add_user_input(program, "x", at::kFloat, {3, 7});
  const ValueId values =
      add_buffer(program, "values", at::randint(-127, 128, {5, 7}).to(at::kChar));
  const ValueId scales = add_buffer(program, "scales", std::move(scale));
  const auto put = [&](Node node, std::vector<Dim> shape) {
    const ValueId y = add_result(program, node, "y", x);
    program.value(y).shape = std::move(shape);
    program.nodes.push_back(std::move(node));
    return y;
  };
  const ValueId floats =
      put(make_node(spelling.convert, {{"self", ValueRef{values}}, {"dtype", at::kFloat}}), {5, 7});
  const ValueId left = spelling.scale_first ? scales : floats,
                right = spelling.scale_first ? floats : scales;
  ValueId weight =
      put(make_node("aten::mul.Tensor", {{"self", ValueRef{left}}, {"other", ValueRef{right}}}),
          {5, 7});
  ValueId y = kNoValue;
  if (spelling.turned) {
    weight =
        put(make_node("aten::permute", {{"self", ValueRef{weight}}, {"dims", int_list({1, 0})}}),
            {7, 5});
    y = put(make_node("aten::mm", {{"self", ValueRef{x}}, {"mat2", ValueRef{weight}}}), {3, 5});
  } else {
    y = put(make_node("aten::linear", {{"input", ValueRef{x}}, {"weight", ValueRef{weight}}}),
            {3, 5});
  }
  program.outputs.push_back({GraphOutput::Kind::kUser, ValueRef{y}, "y"});
  return program;
}

TEST(Int8Weights, StayInInt8HoweverTheFileSpellsThem) {
  for (const Spelling& spelling :
       {Spelling{}, Spelling{.scale_first = true}, Spelling{.convert = "aten::_to_copy"},
        Spelling{.convert = "aten::_to_copy", .turned = true}}) {
    const Program before = stored(spelling), after = lower(before);
    EXPECT_EQ(count(after, "maas::packed_linear"), 1);
    EXPECT_EQ(after.nodes.size(), 1U);
    for (const auto& [name, tensor] : after.parameters) {
      EXPECT_TRUE(tensor.scalar_type() == at::kChar || tensor.dim() == 1) << name;
    }
    EXPECT_LT(difference(before, after, 3), 1e-6);
  }
}

TEST(Int8Weights, AScaleForEachInputIsNoneForEachColumn) {
  const Program before = stored({}, normal_tensor({1, 7}, 1, 2).abs());
  EXPECT_EQ(count(int8_weights(before), "maas::packed_linear"), 0);
  EXPECT_LT(difference(before, lower(before), 3), 1e-6);
}

TEST(Int8Weights, ATiedWeightIsPackedOnce) {
  Program program = stored({});
  Node again = program.nodes.back();
  again.outputs.clear();
  const ValueId y = add_result(program, again, "y", program.nodes.back().outputs[0].ids[0]);
  program.nodes.push_back(std::move(again));
  program.outputs.push_back({GraphOutput::Kind::kUser, ValueRef{y}, "again"});
  const Program after = int8_weights(program);
  EXPECT_EQ(count(after, "maas::packed_linear"), 2);
  EXPECT_EQ(after.parameters.size(), 2U);
}

}  // namespace
}  // namespace maas
