#include "call/expert_operators.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/max.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace maas {
namespace {

using at::Tensor;

Tensor grouped_mm(const Tensor& rows, const Tensor& weight, const std::vector<int64_t>& ends) {
  register_expert_operators();
  register_expert_operators();
  torch::jit::Stack stack = {rows, weight, at::tensor(ends, at::kLong)};
  c10::Dispatcher::singleton()
      .findSchemaOrThrow("transformers::grouped_mm_fallback", "")
      .callBoxed(stack);
  return stack[0].toTensor();
}

TEST(GroupedMm, MultipliesEachExpertsRowsByItsWeight) {
  const Tensor rows = at::rand({7, 3}), weight = at::rand({4, 3, 5});
  const Tensor found = grouped_mm(rows, weight, {2, 2, 5, 6});
  const Tensor wanted =
      at::cat({rows.slice(0, 0, 2).mm(weight[0]), rows.slice(0, 2, 5).mm(weight[2]),
               rows.slice(0, 5, 6).mm(weight[3]), at::zeros({1, 5})});
  EXPECT_LT(at::max(at::abs(found - wanted)).item<double>(), 1e-6);
}

TEST(GroupedMm, RefusesEndsThatFallOrLeaveTheRows) {
  const Tensor rows = at::rand({7, 3}), weight = at::rand({2, 3, 5});
  for (const std::vector<int64_t>& ends :
       {std::vector<int64_t>{3, 2}, {3, 8}, {-1, 2}, {int64_t{1} << 62, 7}}) {
    EXPECT_THROW(grouped_mm(rows, weight, ends), c10::IndexError);
  }
}

TEST(GroupedMm, RefusesSizesAndDtypesThatDoNotFit) {
  const Tensor rows = at::rand({7, 3});
  EXPECT_THROW(grouped_mm(rows, at::rand({2, 4, 5}), {3, 7}), c10::Error);
  EXPECT_THROW(grouped_mm(rows, at::rand({3, 3, 5}), {3, 7}), c10::Error);
  EXPECT_THROW(grouped_mm(rows, at::rand({2, 3, 5}, at::kDouble), {3, 7}), c10::Error);
  EXPECT_THROW(grouped_mm(at::rand({3}), at::rand({2, 3, 5}), {3, 7}), c10::Error);
}

}  // namespace
}  // namespace maas
