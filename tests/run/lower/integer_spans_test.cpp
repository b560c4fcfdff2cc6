#include "run/lower/integer_spans.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/fake_quantize_per_tensor_affine.h>
#include <ATen/ops/randn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

namespace maas {
namespace {

using testing::ElementsAre;

TEST(IntegerSpans, RoundAsLibtorchDoes) {
  for (const AffineGrid& grid : {AffineGrid{0.031, 0}, {0.031, 17}, {0.5, 128}, {0.02, 255}}) {
    const at::Tensor x = at::randn({1003}) * 3;
    const at::Tensor expected =
        at::fake_quantize_per_tensor_affine(x, grid.scale, grid.zero_point, 0, 255);
    at::Tensor found = x.clone();
    fake_quantize_span(x.const_data_ptr<float>(), found.mutable_data_ptr<float>(), 1003, grid);
    EXPECT_TRUE(found.equal(expected)) << grid.zero_point;
    std::vector<uint8_t> q(1003);
    quantize_span(x.const_data_ptr<float>(), q.data(), 1003, grid);
    dequantize_span(q.data(), found.mutable_data_ptr<float>(), 1003, grid);
    EXPECT_TRUE(found.equal(expected)) << grid.zero_point;
  }
}

TEST(IntegerSpans, WhatIsNoNumberAndWhatIsInfinite) {
  const float inf = std::numeric_limits<float>::infinity();
  const std::array<float, 5> x = {std::nanf(""), -inf, inf, 2.5F, 3.5F};
  std::array<uint8_t, 5> q;
  quantize_span(x.data(), q.data(), 5, {1.0, 10});
  EXPECT_THAT(q, ElementsAre(0, 0, 255, 12, 14));  // half to even
}

TEST(IntegerSpans, ARowIsScaledByItsLargestValue) {
  std::vector<float> x(37, 0.25F);
  x[20] = -2;
  std::vector<int8_t> q(37);
  EXPECT_FLOAT_EQ(quantize_row(x.data(), q.data(), 37, 1e-12F), 2.0F / 127);
  EXPECT_EQ(q[20], -127);
  EXPECT_EQ(q[0], 16);
  const std::vector<float> zeros(37, 0);
  EXPECT_EQ(quantize_row(zeros.data(), q.data(), 37, 0.5F), 0.5F);
  EXPECT_THAT(q, testing::Each(0));
}

TEST(IntegerSpans, SumsAreCorrectedScaledShiftedAndClamped) {
  const std::array<int32_t, 3> sums = {10, -20, 30}, correction = {1, 2, 3};
  const std::array<float, 3> scale = {0.5F, 1, 2}, bias = {1, 1, 100};
  std::array<float, 3> y;
  ProductScale by{nullptr, scale.data(), nullptr, 2, -100, 100};
  scale_row(sums.data(), y.data(), 3, by);
  EXPECT_THAT(y, ElementsAre(10, -40, 100));
  by = {correction.data(), scale.data(), bias.data(), 1, 0, 120};
  scale_row(sums.data(), y.data(), 3, by);
  EXPECT_THAT(y, ElementsAre(5.5F, 0, 120));
  std::array<uint8_t, 3> q;
  scale_and_quantize_row(sums.data(), q.data(), 3, by, {0.5, 4});
  EXPECT_THAT(q, ElementsAre(15, 4, 244));
}

TEST(IntegerSpans, TheLargestOfAnyLength) {
  for (const int64_t length : {1, 7, 15, 16, 17, 40}) {
    std::vector<uint8_t> a(static_cast<size_t>(length)), b(a.size());
    for (size_t i = 0; i < a.size(); ++i) {
      a[i] = static_cast<uint8_t>(i * 91);
      b[i] = static_cast<uint8_t>(250 - i * 7);
    }
    const std::vector<uint8_t> before = b;
    take_largest(a.data(), b.data(), length);
    for (size_t i = 0; i < a.size(); ++i) EXPECT_EQ(b[i], std::max(a[i], before[i]));
  }
}

}  // namespace
}  // namespace maas
