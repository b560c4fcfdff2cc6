#include "transform/quantize/weight_int8.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tensor/random.h"

namespace maas {
namespace {

TEST(WeightInt8, NoWeightMovesByMoreThanHalfItsChannelsScale) {
  for (const std::vector<int64_t>& sizes : {std::vector<int64_t>{16, 40}, {8, 3, 5, 5}}) {
    const at::Tensor weight = normal_tensor(sizes, 0.1, 3);
    const Int8Weight made = int8_weight(weight);
    EXPECT_EQ(made.values.scalar_type(), at::kChar);
    EXPECT_EQ(made.scale.size(0), sizes[0]);
    EXPECT_EQ(made.scale.numel(), sizes[0]);
    EXPECT_EQ(made.scale.dim(), weight.dim());
    const at::Tensor moved = at::abs(weight - made.values.to(at::kFloat) * made.scale);
    EXPECT_TRUE((moved <= made.scale * 0.5001).all().item<bool>());
    EXPECT_EQ(at::abs(made.values.to(at::kInt)).max().item<int>(), 127);
  }
}

TEST(WeightInt8, AChannelOfZerosOrOfNextToNothingStaysFinite) {
  at::Tensor weight = at::zeros({3, 4});
  weight[1].fill_(1e-42);  // a denormal number
  weight[2].fill_(2.0);
  const Int8Weight made = int8_weight(weight);
  EXPECT_EQ(made.scale[0].item<float>(), 1);
  EXPECT_TRUE((made.values[0] == 0).all().item<bool>());
  EXPECT_TRUE((made.values[1] == 0).all().item<bool>());
  EXPECT_TRUE((made.values[2] == 127).all().item<bool>());
}

TEST(WeightInt8, SignalToNoiseIsInDecibels) {
  const at::Tensor weight = at::full({10}, 1.0);
  EXPECT_NEAR(signal_to_noise(weight, at::full({10}, 0.9)), 20, 1e-4);
  EXPECT_TRUE(std::isinf(signal_to_noise(weight, weight)));
}

}  // namespace
}  // namespace maas
