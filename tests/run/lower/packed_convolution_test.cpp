#include "run/lower/packed_convolution.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/hardsigmoid.h>
#include <ATen/ops/hardswish.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/relu6.h>
#include <ATen/ops/silu.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <limits>

#include "program/operators.h"
#include "run/lower/depthwise_convolution.h"

namespace maas {
namespace {

using Numbers = std::vector<int64_t>;

// Both operators: depthwise where the weight has one channel and x has several.
struct Layer {
  at::Tensor x, weight;
  at::Tensor bias = {}, other = {};
  Numbers stride = {1, 1}, padding = {0, 0}, dilation = {1, 1};
  std::string activation = "none";
  at::Tensor norm = {};  // x_norm, with a ReLU behind it

  bool is_depthwise() const { return weight.size(1) == 1 && x.size(1) > 1; }

  at::Tensor got() const {
    register_packed_convolution();
    register_depthwise_convolution();
    const auto given = [](const at::Tensor& t) {
      return t.defined() ? c10::IValue(t) : c10::IValue();
    };
    torch::jit::Stack stack = {
        x, is_depthwise() ? pack_depthwise(weight) : pack_convolution_columns(weight), given(bias),
        given(other)};
    if (!is_depthwise()) stack.emplace_back(Numbers{weight.size(2), weight.size(3)});
    for (const Numbers* pair : {&stride, &padding, &dilation}) stack.emplace_back(*pair);
    if (!is_depthwise()) stack.emplace_back(weight.size(0));
    stack.emplace_back(activation);
    if (!is_depthwise()) {
      stack.push_back(given(norm));
      stack.emplace_back(norm.defined() ? "relu" : "none");
    }
    const char* name = is_depthwise() ? kDepthwiseConvolution : kPackedConvolution;
    c10::Dispatcher::singleton().findSchemaOrThrow(name, "").callBoxed(stack);
    return stack.at(0).toTensor();
  }

  at::Tensor expected() const {
    const auto wide = [](const at::Tensor& t) { return t.defined() ? t.to(at::kDouble) : t; };
    const auto by_channel = [&](int64_t i) { return wide(norm[i]).view({1, -1, 1, 1}); };
    const at::Tensor from =
        norm.defined() ? at::relu((wide(x) - by_channel(0)) * by_channel(1) + by_channel(2))
                       : wide(x);
    at::Tensor y = at::conv2d(from, wide(weight), wide(bias), stride, padding, dilation,
                              is_depthwise() ? x.size(1) : 1);
    if (other.defined()) y = y + other;
    if (activation == "relu") return at::relu(y);
    if (activation == "relu6") return at::relu6(y);
    if (activation == "silu") return at::silu(y);
    if (activation == "hardswish") return at::hardswish(y);
    if (activation == "hardsigmoid") return at::hardsigmoid(y);
    return y;
  }
};

void expect_right(const Layer& layer) {
  const at::Tensor got = layer.got(), expected = layer.expected();
  ASSERT_EQ(got.sizes(), expected.sizes());
  EXPECT_TRUE(got.is_contiguous(at::MemoryFormat::ChannelsLast));
  const double off = (got - expected).abs().max().item<double>();
  EXPECT_LE(off, 2e-6 * std::max(1e-30, expected.abs().max().item<double>()));
}

void expect_right_with_all_ends(Layer layer) {
  expect_right(layer);
  layer.bias = at::randn({layer.weight.size(0)});
  for (const char* name : {"none", "relu", "relu6", "silu", "hardswish", "hardsigmoid"}) {
    SCOPED_TRACE(name);
    layer.activation = name;
    layer.other = at::Tensor();
    expect_right(layer);
    layer.other = at::randn(layer.expected().sizes());
    expect_right(layer);
  }
}

TEST(PackedConvolution, IsRightForAllChannelsOfOnePlace) {
  for (const int64_t columns : {1, 8, 16, 24, 33, 48, 64, 72, 130}) {
    for (const int64_t channels : {1, 3, 16, 37}) {
      SCOPED_TRACE(fmt::format("{} to {}", channels, columns));
      expect_right_with_all_ends(
          {.x = at::randn({2, channels, 5, 7}), .weight = at::randn({columns, channels, 1, 1})});
    }
  }
}

TEST(PackedConvolution, IsRightForAllWindows) {
  for (const int64_t channels : {1, 3, 16, 20}) {
    for (const Numbers& kernel : {Numbers{3, 3}, {1, 3}, {5, 2}, {7, 7}}) {
      for (const Numbers& stride : {Numbers{1, 1}, {2, 1}, {3, 2}}) {
        for (const Numbers& padding : {Numbers{0, 0}, {1, 2}, {3, 3}}) {
          for (const Numbers& dilation : {Numbers{1, 1}, {2, 1}, {1, 2}}) {
            SCOPED_TRACE(fmt::format(
                "{} channels, kernel {}x{}, stride {}x{}, padding {}x{}, dilation {}x{}", channels,
                kernel[0], kernel[1], stride[0], stride[1], padding[0], padding[1], dilation[0],
                dilation[1]));
            expect_right({.x = at::randn({2, channels, 15, 16}),
                          .weight = at::randn({20, channels, kernel[0], kernel[1]}),
                          .bias = at::randn({20}),
                          .stride = stride,
                          .padding = padding,
                          .dilation = dilation,
                          .activation = "relu"});
          }
        }
      }
    }
  }
}

TEST(PackedConvolution, NormsItsInputOnTheWay) {
  for (const int64_t channels : {16, 37, 300}) {
    for (const int64_t stride : {1, 2}) {
      Layer layer{.x = at::randn({2, channels, 14, 15}),
                  .weight = at::randn({70, channels, 1, 1}),
                  .bias = at::randn({70}),
                  .stride = {stride, stride},
                  .activation = "relu",
                  .norm = at::randn({3, channels})};
      expect_right(layer);
      layer.weight = at::randn({70, channels, 3, 3});
      EXPECT_THROW(layer.got(), c10::Error);  // what lies beyond the border is not normed
    }
  }
}

TEST(DepthwiseConvolution, IsRightForAllWindows) {
  for (const int64_t channels : {16, 17, 40}) {
    for (const Numbers& kernel : {Numbers{3, 3}, {1, 3}, {5, 5}, {7, 7}}) {
      for (const Numbers& stride : {Numbers{1, 1}, {2, 1}, {2, 2}}) {
        for (const Numbers& padding : {Numbers{0, 0}, {1, 1}, {4, 4}}) {
          for (const Numbers& dilation : {Numbers{1, 1}, {2, 1}, {1, 2}}) {
            SCOPED_TRACE(fmt::format(
                "{} channels, kernel {}x{}, stride {}x{}, padding {}, dilation {}x{}", channels,
                kernel[0], kernel[1], stride[0], stride[1], padding[0], dilation[0], dilation[1]));
            expect_right({.x = at::randn({2, channels, 15, 16}),
                          .weight = at::randn({channels, 1, kernel[0], kernel[1]}),
                          .bias = at::randn({channels}),
                          .stride = stride,
                          .padding = padding,
                          .dilation = dilation,
                          .activation = "relu6"});
          }
        }
      }
    }
  }
}

TEST(DepthwiseConvolution, SumsAndActivationsComeBehind) {
  expect_right_with_all_ends(
      {.x = at::randn({1, 40, 3, 70}), .weight = at::randn({40, 1, 3, 3}), .padding = {1, 1}});
  expect_right_with_all_ends(
      {.x = at::randn({1, 130, 3, 20}), .weight = at::randn({130, 1, 3, 3}), .padding = {1, 1}});
}

TEST(DepthwiseConvolution, ImagesSmallerThanTheKernelAreRight) {
  for (const int64_t side : {1, 2, 3}) {
    expect_right({.x = at::randn({3, 16, side, side}),
                  .weight = at::randn({16, 1, 5, 5}),
                  .padding = {2, 2}});
    expect_right({.x = at::randn({3, 16, side, side}),
                  .weight = at::randn({20, 16, 5, 5}),
                  .padding = {2, 2}});
  }
}

TEST(PackedConvolution, AnyLayoutIsTaken) {
  const at::Tensor weight = at::randn({24, 16, 3, 3}), deep = at::randn({16, 1, 3, 3});
  for (const at::Tensor& w : {weight, deep}) {
    expect_right({.x = at::randn({2, 8, 9, 16}).permute({0, 3, 1, 2}), .weight = w});
    expect_right({.x = at::randn({2, 40, 9, 8}).slice(1, 7, 23), .weight = w});
    expect_right({.x = at::randn({2, 16, 8, 9}).transpose(2, 3), .weight = w});
    EXPECT_EQ((Layer{.x = at::randn({0, 16, 8, 9}), .weight = w}.got().sizes()),
              at::IntArrayRef({0, w.size(0), 6, 7}));
  }
}

TEST(PackedConvolution, ThreadsShareTiles) {
  const int threads = at::get_num_threads();
  const at::Tensor x = at::randn({2, 64, 30, 31});
  const Layer whole{.x = x, .weight = at::randn({200, 64, 3, 3}), .padding = {1, 1}};
  const Layer deep{.x = x, .weight = at::randn({64, 1, 3, 3}), .padding = {1, 1}};
  at::set_num_threads(1);
  const at::Tensor alone = whole.got(), deep_alone = deep.got();
  at::set_num_threads(3);
  EXPECT_TRUE(whole.got().equal(alone));
  EXPECT_TRUE(deep.got().equal(deep_alone));
  at::set_num_threads(threads);
}

TEST(PackedConvolution, WhatIsNotFiniteStaysInItsReach) {
  for (const char* name : {"none", "relu", "relu6", "silu", "hardswish", "hardsigmoid"}) {
    for (const at::Tensor& weight : {at::randn({20, 16, 3, 3}), at::randn({16, 1, 3, 3})}) {
      Layer layer{.x = at::randn({1, 16, 12, 6}), .weight = weight, .activation = name};
      layer.x[0][4][2][3] = std::numeric_limits<float>::quiet_NaN();
      layer.x[0][4][9][3] = std::numeric_limits<float>::infinity();
      const at::Tensor got = layer.got(), expected = layer.expected();
      EXPECT_TRUE(got.isnan().equal(expected.isnan())) << name;
      EXPECT_TRUE(got.to(at::kDouble).allclose(expected, 1e-5, 1e-5, true)) << name;
    }
  }
}

TEST(PackedConvolution, WhatDoesNotFitIsRefused) {
  const at::Tensor x = at::randn({2, 16, 9, 9});
  for (const at::Tensor& weight : {at::randn({20, 16, 3, 3}), at::randn({16, 1, 3, 3})}) {
    const Layer layer{.x = x, .weight = weight};
    for (const auto& change : std::vector<void (*)(Layer&)>{
             [](Layer& l) {
               l.x = at::randn({2, 17, 9, 9});
             },
             [](Layer& l) {
               l.x = at::randn({2, 16, 9});
             },
             [](Layer& l) {
               l.x = at::randn({2, 16, 2, 9});
             },
             [](Layer& l) { l.x = l.x.to(at::kDouble); }, [](Layer& l) { l.bias = at::randn({6}); },
             [](Layer& l) { l.other = at::randn({7}); }, [](Layer& l) { l.activation = "mish"; },
             [](Layer& l) {
               l.stride = {0, 1};
             },
             [](Layer& l) { l.stride = {1}; },
             [](Layer& l) {
               l.dilation = {1, -1};
             },
             [](Layer& l) {
               l.padding = {-1, 0};
             }}) {
      Layer changed = layer;
      change(changed);
      EXPECT_THROW(changed.got(), c10::Error);
    }
  }
  EXPECT_FALSE(is_allowed_operator(kPackedConvolution));
  EXPECT_FALSE(is_allowed_operator(kDepthwiseConvolution));
}

}  // namespace
}  // namespace maas
