#include "run/lower/norm_operators.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/native_batch_norm.h>
#include <ATen/ops/native_batch_norm_backward.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/randn_like.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/threshold_backward.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <tuple>
#include <vector>

namespace maas {
namespace {

using at::Tensor;
using Tensors = std::vector<Tensor>;

struct Layer {
  Tensor x;
  bool is_affine = true, has_other = false, relu = true;
  Tensor weight = {}, bias = {}, other = {}, mean = {}, variance = {};

  explicit Layer(Tensor given) : x(std::move(given)) {
    const int64_t channels = x.size(1);
    weight = at::rand({channels}) + 0.5;
    bias = at::randn({channels});
    other = at::randn_like(x);
    mean = at::zeros({channels});
    variance = at::zeros({channels}) + 1;
  }
};

c10::IValue given(const Tensor& tensor, bool is_there) {
  return is_there ? c10::IValue(tensor) : c10::IValue();
}

Tensors call(const char* op, torch::jit::Stack stack) {
  register_norm_operators();
  c10::Dispatcher::singleton().findSchemaOrThrow(op, "").callBoxed(stack);
  return {stack.at(0).toTensor(), stack.at(1).toTensor(), stack.at(2).toTensor()};
}

// y, mean, invstd, then the gradients of x, weight and bias from that of y.
Tensors got(const Layer& layer, const Tensor& gradient) {
  const c10::IValue weight = given(layer.weight, layer.is_affine),
                    bias = given(layer.bias, layer.is_affine);
  Tensors all = call(kNormRelu, {layer.x, weight, bias, layer.mean, layer.variance, 0.1, 1e-5,
                                 given(layer.other, layer.has_other), layer.relu});
  const Tensors back = call(kNormReluBackward, {gradient, layer.x, weight, bias, all[1], all[2],
                                                layer.relu && !layer.has_other, true});
  all.insert(all.end(), back.begin(), back.end());
  return all;
}

// The same by libtorch's kernels in float64.
Tensors expected(const Layer& layer, const Tensor& gradient, Tensors& running) {
  const auto doubled = [](const Tensor& t) { return t.to(at::kDouble).contiguous(); };
  const Tensor x = doubled(layer.x);
  std::optional<Tensor> weight, bias;
  if (layer.is_affine) {
    weight = doubled(layer.weight);
    bias = doubled(layer.bias);
  }
  running = {at::zeros({x.size(1)}, at::kDouble), at::zeros({x.size(1)}, at::kDouble) + 1};
  auto [y, mean, invstd] =
      at::native_batch_norm(x, weight, bias, running[0], running[1], true, 0.1, 1e-5);
  if (layer.has_other) y = y + layer.other;
  if (layer.relu) y = at::relu(y);
  Tensor before = doubled(gradient);
  if (layer.relu && !layer.has_other) before = at::threshold_backward(before, y, 0);
  const auto [dx, dw, db] = at::native_batch_norm_backward(
      before, x, weight, running[0], running[1], mean, invstd, true, 1e-5, {true, true, true});
  return {y, mean, invstd, dx, dw, db};
}

void expect_near(const Tensor& got, const Tensor& expected, const char* what,
                 double tolerance = 2e-5) {
  ASSERT_EQ(got.sizes(), expected.sizes()) << what;
  const double size = expected.abs().max().item<double>();
  EXPECT_LE((got - expected).abs().max().item<double>(), tolerance * std::max(size, 1e-3)) << what;
}

void expect_right(const Layer& layer, double tolerance = 2e-5) {
  const Tensor gradient = at::randn_like(layer.x);
  Tensors running;
  const Tensors wanted = expected(layer, gradient, running), own = got(layer, gradient);
  const char* names[] = {"y", "mean", "invstd", "dx", "dweight", "dbias"};  // NOLINT
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (!layer.is_affine && i > 3) continue;
    expect_near(own[i], wanted[i], names[i], tolerance);
  }
  expect_near(layer.mean, running[0], "running mean");
  expect_near(layer.variance, running[1], "running variance");
}

Tensor images(const std::vector<int64_t>& sizes) {
  return at::randn(sizes).contiguous(at::MemoryFormat::ChannelsLast) * 3 + 5;
}

class NormOperators : public testing::Test {
 protected:
  // Timing of kernels, in tests before this one, draws numbers as often as it happens to.
  void SetUp() override { at::manual_seed(11); }
};

TEST_F(NormOperators, AreThoseOfLibtorchForImages) {
  for (const int64_t channels : {1, 2, 3, 24, 63, 64, 65, 130}) {
    expect_right(Layer(images({5, channels, 9, 7})));
  }
}

TEST_F(NormOperators, AreThoseOfLibtorchForRowsOfNumbers) {
  expect_right(Layer(at::randn({64, 30})));
  expect_right(Layer(at::randn({9, 300})));
}

TEST_F(NormOperators, TakeOtherLayoutsToo) {
  expect_right(Layer(at::randn({4, 6, 5, 5})));
  expect_right(Layer(at::randn({4, 6, 11})));
  expect_right(Layer(at::randn({30, 64}).t()));
}

TEST_F(NormOperators, AddTheResidualBeforeTheRelu) {
  Layer layer(images({3, 16, 8, 8}));
  layer.has_other = true;
  expect_right(layer);
  layer.other = layer.other.contiguous();  // another layout
  layer.mean.zero_();
  layer.variance.fill_(1);
  expect_right(layer);
}

TEST_F(NormOperators, StandAloneAndWithoutWeights) {
  Layer layer(images({3, 16, 8, 8}));
  layer.relu = false;
  layer.is_affine = false;
  expect_right(layer);
}

TEST_F(NormOperators, KeepDigitsWhereTheMeanIsLarge) {
  Layer layer(images({8, 24, 16, 16}) + 1000);
  layer.relu = false;         // a last digit around zero would let a whole gradient through
  expect_right(layer, 2e-4);  // the mean is a float32, too
}

TEST_F(NormOperators, LetNanThrough) {
  Layer layer(images({2, 3, 4, 4}));
  layer.x.index_put_({at::zeros({1}, at::kLong)}, at::zeros({3, 4, 4}) / 0);
  const Tensors all = got(layer, at::randn_like(layer.x));
  EXPECT_TRUE(all[0].isnan().all().item<bool>());
}

TEST_F(NormOperators, GiveTheSameBitsInAnyNumberOfThreads) {
  const int before = at::get_num_threads();
  Tensors first;
  const Tensor x = images({16, 24, 28, 28}), gradient = at::randn_like(x);
  const Tensor weight = at::rand({24}), bias = at::randn({24});
  for (const int threads : {1, 2, 3}) {
    at::set_num_threads(threads);
    Layer layer(x);
    layer.weight = weight;
    layer.bias = bias;
    const Tensors all = got(layer, gradient);
    if (first.empty()) first = all;
    for (size_t i = 0; i < all.size(); ++i) EXPECT_TRUE(all[i].equal(first[i])) << i;
  }
  at::set_num_threads(before);
}

TEST_F(NormOperators, RefuseSizesThatDoNotFit) {
  Layer layer(images({2, 3, 4, 4}));
  layer.weight = at::randn({4});
  EXPECT_THROW(got(layer, at::randn_like(layer.x)), c10::Error);
  Layer other(images({2, 3, 4, 4}));
  other.has_other = true;
  other.other = at::randn({2, 3, 4, 1});
  EXPECT_THROW(got(other, at::randn_like(other.x)), c10::Error);
}

}  // namespace
}  // namespace maas
