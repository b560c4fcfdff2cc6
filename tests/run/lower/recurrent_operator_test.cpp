#include "run/lower/recurrent_operator.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/gru.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/lstm.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/rnn_relu.h>
#include <ATen/ops/rnn_tanh.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "program/operators.h"
#include "run/lower/packed_product.h"

namespace maas {
namespace {

constexpr const char* kCells[] = {"lstm", "gru", "tanh", "relu"};

struct Sizes {
  int64_t steps, rows, width;
};

// One layer with weights, an input and a first state of about `scale`.
struct Layer {
  std::string cell;
  at::Tensor x, hidden, carry;
  std::vector<at::Tensor> weights;  // ih, hh, and their biases

  Layer(std::string of, Sizes sizes, double scale = 1) : cell(std::move(of)) {
    const int64_t gates = (cell == "lstm" ? 4 : cell == "gru" ? 3 : 1) * sizes.width;
    x = at::randn({sizes.steps, sizes.rows, 5}) * scale;
    hidden = at::randn({sizes.rows, sizes.width}) * scale;
    carry = at::randn({sizes.rows, sizes.width}) * scale;
    weights = {at::randn({gates, 5}),
               at::randn({gates, sizes.width}) / std::sqrt(static_cast<double>(sizes.width)),
               at::randn({gates}) * scale, at::randn({gates}) * scale};
  }

  // States of all steps, then the last; by libtorch in float64.
  std::vector<at::Tensor> expected() const {
    std::vector<at::Tensor> w;
    for (const at::Tensor& weight : weights) w.push_back(weight.to(at::kDouble));
    const at::Tensor in = x.to(at::kDouble), h = hidden.to(at::kDouble).unsqueeze(0);
    if (cell == "lstm") {
      const at::Tensor c = carry.to(at::kDouble).unsqueeze(0);
      auto [y, last, kept] = at::lstm(in, {h, c}, w, true, 1, 0, false, false, false);
      return {y, last.squeeze(0), kept.squeeze(0)};
    }
    auto [y, last] = cell == "gru"    ? at::gru(in, h, w, true, 1, 0, false, false, false)
                     : cell == "tanh" ? at::rnn_tanh(in, h, w, true, 1, 0, false, false, false)
                                      : at::rnn_relu(in, h, w, true, 1, 0, false, false, false);
    return {y, last.squeeze(0)};
  }

  at::Tensor gates() const { return at::matmul(x, weights[0].t()) + weights[2]; }

  std::vector<at::Tensor> got(const at::Tensor& of_input, bool reverse = false) const {
    register_recurrent_operator();
    torch::jit::Stack stack = {of_input, pack_columns(weights[1]), weights[3], hidden, carry, cell,
                               reverse};
    c10::Dispatcher::singleton().findSchemaOrThrow("maas::recurrent", "").callBoxed(stack);
    return {stack.at(0).toTensor(), stack.at(1).toTensor(), stack.at(2).toTensor()};
  }
};

void expect_near(const std::vector<at::Tensor>& got, const std::vector<at::Tensor>& expected,
                 double tolerance, double scale = 1) {
  for (size_t i = 0; i < expected.size(); ++i) {
    const double off = (got[i] - expected[i]).abs().max().item<double>();
    // Relative to the layer's own size: a state of few numbers may be small by chance.
    EXPECT_LE(off, tolerance * std::max(0.1 * scale, expected[i].abs().max().item<double>()))
        << "result " << i;
  }
}

TEST(RecurrentOperator, StatesAreThoseOfLibtorchInFloat64) {
  for (const char* cell : kCells) {
    for (const Sizes sizes : {Sizes{1, 1, 1}, {7, 3, 5}, {20, 1, 32}, {4, 2, 64}, {3, 37, 21}}) {
      SCOPED_TRACE(std::string(cell) + " of width " + std::to_string(sizes.width));
      const Layer layer(cell, sizes);
      expect_near(layer.got(layer.gates()), layer.expected(), 2e-6);
    }
  }
}

TEST(RecurrentOperator, TinyNumbersKeepTheirDigits) {
  for (const char* cell : {"tanh", "relu"}) {
    const Layer layer(cell, {6, 3, 17}, 1e-20);
    expect_near(layer.got(layer.gates()), layer.expected(), 2e-6, 1e-20);
  }
}

TEST(RecurrentOperator, LargeNumbersSaturate) {
  for (const char* cell : kCells) {
    if (std::string(cell) == "relu") continue;  // grows
    const Layer layer(cell, {4, 3, 17}, 1e4);
    // Sums of some 1e4 are rounded to 1e-3; where one ends near zero, the gate tells.
    expect_near(layer.got(layer.gates()), layer.expected(), 5e-3);
  }
}

TEST(RecurrentOperator, StatesLieAsTheGatesDo) {
  for (const char* cell : kCells) {
    const Layer layer(cell, {6, 4, 9});
    const at::Tensor turned = layer.gates().transpose(0, 1).contiguous().transpose(0, 1);
    const auto got = layer.got(turned);
    EXPECT_TRUE(got[0].transpose(0, 1).is_contiguous());
    expect_near(got, layer.expected(), 2e-6);
    const at::Tensor spread = layer.gates().unsqueeze(3).expand({-1, -1, -1, 2}).contiguous();
    expect_near(layer.got(spread.select(3, 1)), layer.expected(), 2e-6);
  }
}

TEST(RecurrentOperator, ReverseGoesFromTheLastStepToTheFirst) {
  for (const char* cell : kCells) {
    Layer layer(cell, {6, 2, 9});
    const auto got = layer.got(layer.gates(), true);
    layer.x = layer.x.flip(0);
    const auto expected = layer.expected();
    expect_near({got[0].flip(0), got[1]}, {expected[0], expected[1]}, 2e-6);
  }
}

TEST(RecurrentOperator, NaNStaysInItsRow) {
  for (const char* cell : kCells) {
    Layer layer(cell, {5, 3, 8});
    layer.x[2][1][0] = std::numeric_limits<float>::quiet_NaN();
    const at::Tensor nan = at::isnan(layer.got(layer.gates())[0]);
    EXPECT_TRUE(nan.slice(0, 2).select(1, 1).all().item<bool>()) << cell;
    EXPECT_EQ(nan.sum().item<int64_t>(), 3 * 8) << cell;
  }
}

TEST(RecurrentOperator, WhatDoesNotFitIsRefused) {
  const Layer layer("gru", {5, 3, 8});
  EXPECT_THROW(layer.got(layer.gates().slice(2, 0, 23)), c10::Error);
  EXPECT_THROW(layer.got(layer.gates().to(at::kDouble)), c10::Error);
  Layer other = layer;
  other.hidden = at::randn({2, 8});
  EXPECT_THROW(other.got(layer.gates()), c10::Error);
  EXPECT_FALSE(is_allowed_operator("maas::recurrent"));
}

}  // namespace
}  // namespace maas
