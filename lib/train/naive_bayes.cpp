#include "train/naive_bayes.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <vector>

namespace maas {
namespace {

constexpr int64_t kRowsAtOnce = 256;

}  // namespace

at::Tensor naive_bayes(const at::Tensor& pieces, const at::Tensor& truth, const at::Tensor& texts,
                       int64_t buckets) {
  const int64_t classes = truth.size(1);
  at::Tensor counts = at::zeros({buckets + 1, classes}, at::kDouble);
  for (int64_t row = 0; row < pieces.size(0); row += kRowsAtOnce) {
    const int64_t rows = std::min(kRowsAtOnce, pieces.size(0) - row);
    const at::Tensor some = pieces.narrow(0, row, rows);
    const at::Tensor each =
        truth.narrow(0, row, rows).unsqueeze(1).expand({rows, some.size(1), classes});
    counts.index_add_(0, some.reshape(-1), each.reshape({-1, classes}));
  }
  counts.add_(1);
  counts[0].zero_();
  at::Tensor likelihood = counts.div(counts.sum(0, true)).log();
  likelihood[0].zero_();  // nothing tells nothing
  const at::Tensor prior = truth.sum(0, true).add(1).div(truth.sum() + classes).log();
  std::vector<at::Tensor> scores;
  for (int64_t row = 0; row < texts.size(0); row += kRowsAtOnce) {
    const at::Tensor some = texts.narrow(0, row, std::min(kRowsAtOnce, texts.size(0) - row));
    scores.push_back(at::embedding(likelihood, some).sum(1).add(prior));
  }
  return at::cat(scores);
}

}  // namespace maas
