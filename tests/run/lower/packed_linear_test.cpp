#include "run/lower/packed_linear.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/hardsigmoid.h>
#include <ATen/ops/hardswish.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/relu6.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/tanh.h>
#include <gtest/gtest.h>

#include <limits>

#include "program/operators.h"
#include "run/lower/packed_product.h"

namespace maas {
namespace {

struct Layer {
  at::Tensor x, weight;  // [.., in], [out, in]
  at::Tensor scale = {}, bias = {}, other = {};
  std::string activation = "none";

  at::Tensor got() const {
    register_packed_linear();
    const auto given = [](const at::Tensor& t) {
      return t.defined() ? c10::IValue(t) : c10::IValue();
    };
    torch::jit::Stack stack = {x,           pack_columns(weight), given(scale),
                               given(bias), given(other),         weight.size(0),
                               activation};
    c10::Dispatcher::singleton().findSchemaOrThrow(kPackedLinear, "").callBoxed(stack);
    return stack.at(0).toTensor();
  }

  at::Tensor expected() const {
    at::Tensor y = at::linear(x.to(at::kDouble), weight.to(at::kDouble));
    if (scale.defined()) y = y * scale;
    if (bias.defined()) y = y + bias;
    if (other.defined()) y = y + other;
    if (activation == "relu") return at::relu(y);
    if (activation == "relu6") return at::relu6(y);
    if (activation == "hardswish") return at::hardswish(y);
    if (activation == "hardsigmoid") return at::hardsigmoid(y);
    if (activation == "sigmoid") return at::sigmoid(y);
    if (activation == "tanh") return at::tanh(y);
    if (activation == "silu") return at::silu(y);
    if (activation == "gelu") return at::gelu(y);
    return y;
  }
};

void expect_right(const Layer& layer) {
  const at::Tensor got = layer.got(), expected = layer.expected();
  ASSERT_EQ(got.sizes(), expected.sizes());
  const double off = (got - expected).abs().max().item<double>();
  EXPECT_LE(off, 2e-6 * std::max(1e-30, expected.abs().max().item<double>()));
}

TEST(PackedLinear, ProductsAreRightForAllSizes) {
  for (const int64_t rows : {1, 2, 3, 4, 7, 64, 150}) {
    for (const auto& [in, out] :
         {std::pair<int64_t, int64_t>{1, 1}, {5, 63}, {130, 64}, {70, 200}}) {
      SCOPED_TRACE(std::to_string(rows) + " x " + std::to_string(in) + " x " + std::to_string(out));
      expect_right({.x = at::randn({rows, in}), .weight = at::randn({out, in})});
      expect_right({.x = at::randn({rows, in}),
                    .weight = at::randint(-127, 128, {out, in}).to(at::kChar),
                    .scale = at::randn({out}).abs()});
    }
  }
}

TEST(PackedLinear, SumsAndActivationsComeBehind) {
  for (const char* name :
       {"none", "relu", "relu6", "sigmoid", "tanh", "silu", "gelu", "hardswish", "hardsigmoid"}) {
    SCOPED_TRACE(name);
    Layer layer{.x = at::randn({3, 5, 20}), .weight = at::randn({70, 20}), .activation = name};
    expect_right(layer);
    layer.bias = at::randn({70});
    layer.other = at::randn({5, 3, 70}).transpose(0, 1);
    expect_right(layer);
  }
}

TEST(PackedLinear, AnyLayoutIsTaken) {
  const at::Tensor weight = at::randn({33, 8});
  expect_right({.x = at::randn({8, 6}).t(), .weight = weight});
  expect_right({.x = at::randn({6, 20}).slice(1, 3, 11), .weight = weight});
  expect_right({.x = at::randn({4, 3, 8}).transpose(0, 1), .weight = weight});
  expect_right({.x = at::randn({8}), .weight = weight});
  EXPECT_EQ((Layer{.x = at::randn({0, 8}), .weight = weight}.got().sizes()),
            at::IntArrayRef({0, 33}));
}

TEST(PackedLinear, ThreadsShareTiles) {
  const int threads = at::get_num_threads();
  const Layer layer{.x = at::randn({300, 260}), .weight = at::randn({500, 260})};
  at::set_num_threads(1);
  const at::Tensor alone = layer.got();
  at::set_num_threads(3);
  EXPECT_TRUE(layer.got().equal(alone));
  at::set_num_threads(threads);
}

TEST(PackedLinear, WhatIsNotFiniteStaysInItsRow) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const char* name :
       {"none", "relu", "relu6", "sigmoid", "tanh", "silu", "gelu", "hardswish", "hardsigmoid"}) {
    Layer layer{.x = at::randn({6, 9}), .weight = at::randn({70, 9}).abs(), .activation = name};
    layer.x[2][4] = std::numeric_limits<float>::quiet_NaN();
    layer.x[3][4] = infinity;
    layer.x[4][4] = -infinity;
    const at::Tensor got = layer.got(), expected = layer.expected();
    for (const int64_t row : {2, 3, 4}) {
      EXPECT_TRUE(got[row].to(at::kDouble).allclose(expected[row], 1e-6, 1e-30, true))
          << name << row;
    }
    EXPECT_FALSE(got[1].isnan().any().item<bool>() || got[5].isnan().any().item<bool>());
  }
}

TEST(PackedLinear, PlansShareThePackedColumnsOfAWeight) {
  const at::Tensor weight = at::randn({7, 9});
  const at::Tensor first = shared_form(weight, pack_columns);
  EXPECT_TRUE(shared_form(weight, pack_columns).is_same(first));
  EXPECT_FALSE(shared_form(weight.clone(), pack_columns).is_same(first));
  weight.mul_(2);
  EXPECT_FALSE(shared_form(weight, pack_columns).is_same(first));
  EXPECT_TRUE(shared_form(weight, pack_columns).equal(pack_columns(weight)));
}

TEST(PackedLinear, WhatDoesNotFitIsRefused) {
  const Layer layer{.x = at::randn({2, 9}), .weight = at::randn({7, 9})};
  for (const auto& change : std::vector<void (*)(Layer&)>{
           [](Layer& l) {
             l.x = at::randn({2, 8});
           },
           [](Layer& l) { l.bias = at::randn({6}); }, [](Layer& l) { l.other = at::randn({7}); },
           [](Layer& l) { l.activation = "mish"; }, [](Layer& l) { l.x = l.x.to(at::kDouble); },
           [](Layer& l) { l.weight = l.weight.to(at::kInt); }}) {
    Layer changed = layer;
    change(changed);
    EXPECT_THROW(changed.got(), c10::Error);
  }
  EXPECT_FALSE(is_allowed_operator(kPackedLinear));
}

}  // namespace
}  // namespace maas
