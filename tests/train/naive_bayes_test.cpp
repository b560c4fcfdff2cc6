#include "train/naive_bayes.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

namespace maas {
namespace {

// scikit-learn 1.9, of indicator matrices of the same rows:
//   MultinomialNB().fit([[1,1,0,0],[1,0,1,0],[0,0,1,1]], [0,0,1]).predict_proba([[1,0,0,1],[0]*4])
// but for the prior, which it does not smooth: here (2 + 1)/(3 + 2).
TEST(NaiveBayes, IsScikitLearnsWithASmoothedPrior) {
  const at::Tensor pieces = at::tensor({1, 2, 0, 1, 3, 0, 3, 4, 0}, at::kLong).view({3, 3});
  const at::Tensor truth = at::tensor({1.0, 0.0, 1.0, 0.0, 0.0, 1.0}, at::kDouble).view({3, 2});
  const at::Tensor texts = at::tensor({1, 4, 0, 0, 0, 0}, at::kLong).view({2, 3});
  const at::Tensor p = naive_bayes(pieces, truth, texts, 4).softmax(1);
  // Class 0: counts 2 1 1 0 of 4 and 4 more; class 1: 0 0 1 1 of 2 and 4 more.
  const double first = 0.6 * (3.0 / 8) * (1.0 / 8), second = 0.4 * (1.0 / 6) * (2.0 / 6);
  const at::Tensor wanted =
      at::tensor({first / (first + second), second / (first + second), 0.6, 0.4}, at::kDouble)
          .view({2, 2});
  EXPECT_TRUE(at::allclose(p, wanted, 1e-12)) << p;
}

}  // namespace
}  // namespace maas
