// The numbers are torchvision 0.28's, of the same inputs.
#include "call/vision_operators.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace maas {
namespace {

using at::Tensor;
using testing::ElementsAre;

template <class... Arguments>
Tensor call(const char* op, Arguments... arguments) {
  register_vision_operators();
  register_vision_operators();
  torch::jit::Stack stack;
  (stack.emplace_back(arguments), ...);
  c10::Dispatcher::singleton().findSchemaOrThrow(op, "").callBoxed(stack);
  return stack[0].toTensor();
}

Tensor wave(double step, at::IntArrayRef sizes) {
  return at::arange(c10::multiply_integers(sizes), at::kFloat).mul(step).sin().view(sizes);
}
Tensor cosine(double step, at::IntArrayRef sizes) {
  return at::arange(c10::multiply_integers(sizes), at::kFloat).mul(step).cos().view(sizes);
}

void expect_like(const Tensor& found, at::IntArrayRef sizes, double sum,
                 const std::vector<float>& first, const std::vector<float>& last) {
  EXPECT_EQ(found.sizes(), sizes);
  EXPECT_NEAR(found.to(at::kDouble).sum().item<double>(), sum, 1e-3);
  const Tensor flat = found.flatten();
  EXPECT_TRUE(at::allclose(flat.narrow(0, 0, 3), at::tensor(first), 0, 2e-5));
  EXPECT_TRUE(at::allclose(flat.narrow(0, flat.numel() - 3, 3), at::tensor(last), 0, 2e-5));
}

Tensor regions() {
  return at::tensor({0.0F, 0.5F, 0.7F, 4.2F, 3.9F, 1.0F, -2.0F, 1.0F, 7.0F, 9.0F, 1.0F, 2.0F, 2.0F,
                     2.2F, 2.1F})
      .view({3, 5});
}

Tensor roi_align(const Tensor& rois, double scale, int64_t height, int64_t width, int64_t ratio,
                 bool aligned) {
  return call("torchvision::roi_align", wave(0.37, {2, 4, 5, 6}), rois, scale, height, width, ratio,
              aligned);
}

TEST(RoiAlign, IsTorchvisions) {
  expect_like(roi_align(regions(), 0.75, 2, 3, 2, true), {3, 4, 2, 3}, 2.049521,
              {0.486135F, 0.437565F, 0.337104F}, {-0.883784F, -0.877050F, -0.870316F});
  expect_like(roi_align(regions(), 1.0, 2, 2, -1, false), {3, 4, 2, 2}, -0.346989,
              {-0.286182F, -0.426759F, 0.324405F}, {0.607045F, -0.029688F, -0.144627F});
}

TEST(RoiAlign, RefusesImagesAndRegionsThatAreNotThere) {
  EXPECT_THROW(roi_align(at::full({1, 5}, 2.0F), 1, 2, 2, 2, true), c10::IndexError);
  EXPECT_THROW(roi_align(at::full({1, 5}, NAN), 1, 2, 2, 2, true), c10::Error);
  EXPECT_THROW(roi_align(at::tensor({0.0F, 0.0F, 0.0F, 9e5F, 9e5F}).view({1, 5}), 1, 2, 2, 0, true),
               c10::Error);
  EXPECT_THROW(roi_align(at::zeros({1, 4}), 1, 2, 2, 2, true), c10::Error);
}

Tensor deform(const Tensor& mask, bool use_mask, int64_t offset_planes = 24) {
  return call("torchvision::deform_conv2d", wave(0.37, {2, 4, 5, 6}), cosine(0.53, {6, 2, 3, 2}),
              wave(0.71, {2, offset_planes, 3, 4}).mul(2), mask, at::arange(6, at::kFloat),
              int64_t{2}, int64_t{1}, int64_t{1}, int64_t{0}, int64_t{1}, int64_t{2}, int64_t{2},
              int64_t{2}, use_mask);
}

TEST(DeformConv2d, IsTorchvisions) {
  expect_like(deform(cosine(0.29, {2, 12, 3, 4}), true), {2, 6, 3, 4}, 366.271517,
              {-0.154997F, 0.712779F, -0.299724F}, {3.630041F, 5.868321F, 4.381449F});
  expect_like(deform(at::zeros({2, 1}), false), {2, 6, 3, 4}, 355.129819,
              {-0.975985F, 0.652332F, -0.331075F}, {5.525405F, 4.370375F, 4.773621F});
}

TEST(DeformConv2d, RefusesSizesThatDoNotGoTogether) {
  EXPECT_THROW(deform(at::zeros({2, 1}), true), c10::Error);
  EXPECT_THROW(deform(at::zeros({2, 1}), false, 12), c10::Error);
}

std::vector<int64_t> kept(const Tensor& boxes, const Tensor& scores, double threshold) {
  const Tensor indices = call("torchvision::nms", boxes, scores, threshold);
  return {indices.const_data_ptr<int64_t>(), indices.const_data_ptr<int64_t>() + indices.numel()};
}

TEST(Nms, IsTorchvisions) {
  const Tensor boxes = at::tensor({0, 0, 10, 10, 1,  1,  10, 10, 20, 20, 30, 30,
                                   0, 0, 9,  10, 21, 20, 31, 30, 5,  5,  5,  5})
                           .to(at::kFloat)
                           .view({6, 4});
  const Tensor scores = at::tensor({0.5F, 0.9F, 0.7F, 0.9F, 0.8F, 0.1F});
  EXPECT_THAT(kept(boxes, scores, 0.5), ElementsAre(1, 4, 5));
  EXPECT_THAT(kept(boxes, scores, 0.95), ElementsAre(1, 3, 4, 2, 0, 5));
  EXPECT_THAT(kept(boxes.narrow(0, 0, 0), scores.narrow(0, 0, 0), 0.5), ElementsAre());
  EXPECT_THROW(kept(boxes, scores.narrow(0, 0, 2), 0.5), c10::Error);
}

TEST(VisionOperators, HaveNoGradientAndSaySo) {
  const Tensor image = wave(0.37, {2, 4, 5, 6}).requires_grad_();
  const Tensor out = call("torchvision::roi_align", image, regions(), 1.0, int64_t{2}, int64_t{2},
                          int64_t{2}, true);
  EXPECT_THROW(out.sum().backward(), c10::Error);
}

}  // namespace
}  // namespace maas
