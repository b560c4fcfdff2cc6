#include "train/fold_rows.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/bincount.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/throw_error.h"
#include "data/batches.h"

namespace maas {
namespace {

constexpr uint64_t kFoldStream = ~uint64_t{0} - 2;  // beside those of split_rows.cpp
constexpr const char* kSetting = "train.folds";

using Rows = std::vector<int64_t>;

at::Tensor indices_of(const at::Tensor& mask) { return mask.nonzero().view(-1); }

void check_rows(int64_t rows, int64_t folds, int64_t parts) {
  if (rows >= 2 * parts) return;
  throw_usage(kSetting, fmt::format("{} folds of {} rows", folds, rows),
              parts == folds ? "two rows a fold" : "two rows a fold, and two before the first",
              fmt::format("set train.folds={}", std::max<int64_t>(rows / 2 + folds - parts, 2)));
}

void check_groups(const at::Tensor& groups, int64_t folds) {
  const int64_t count = at::bincount(groups).ne(0).sum().item<int64_t>();
  if (count >= folds) return;
  throw_usage(kSetting, fmt::format("{} folds of {} group{}", folds, count, count == 1 ? "" : "s"),
              "a group of data.group for each fold",
              count < 2 ? "give more data, or leave data.group out"
                        : fmt::format("set train.folds={}", count));
}

void tell_uneven(const FoldRows& made, int64_t folds, std::vector<std::string>& warnings) {
  const at::Tensor sizes = at::bincount(made.fold);
  const int64_t rows = made.fold.size(0), least = sizes.min().item<int64_t>(),
                most = sizes.max().item<int64_t>();
  if (rows - most < 2) {
    throw_usage(kSetting, fmt::format("a fold has {} of {} rows", most, rows),
                "two rows to learn from beside each fold",
                "give more data, or leave data.group out: its groups stay whole");
  }
  if (4 * (most - least) * folds <= 2 * rows) return;
  warnings.push_back(fmt::format(
      "train.folds: from {} to {} of {} rows a fold: the groups of data.group stay whole", least,
      most, rows));
}

void tell_ties(const FoldRows& made, const at::Tensor& ranks, int64_t folds,
               std::vector<std::string>& warnings) {
  int64_t ties = 0;
  for (int64_t fold = 0; fold < folds; ++fold) {
    const at::Tensor before = ranks.index_select(0, made.learning(fold)),
                     own = ranks.index_select(0, made.validating(fold));
    ties += before.max().equal(own.min()) ? 1 : 0;
  }
  if (ties == 0) return;
  warnings.push_back(fmt::format(
      "data.order: rows of one value are on both sides of {} of {} borders before a fold, split in "
      "the order of the file",
      ties, folds));
}

}  // namespace

at::Tensor FoldRows::validating(int64_t which) const { return indices_of(fold.eq(which)); }

at::Tensor FoldRows::learning(int64_t which) const {
  return indices_of(expanding ? fold.lt(which) : fold.ne(which));
}

at::Tensor FoldRows::validated(int64_t folds) const {
  return indices_of(fold.ge(0).logical_and(fold.lt(folds)));
}

FoldRows folds_by_class(const at::Tensor& targets, int64_t folds, uint64_t seed) {
  const int64_t rows = targets.size(0);
  const at::Tensor drawn = permutation(rows, seed, kFoldStream);
  Rows order(drawn.const_data_ptr<int64_t>(), drawn.const_data_ptr<int64_t>() + rows);
  if (targets.dim() == 1 && targets.scalar_type() == at::kLong) {
    const at::Tensor classes = targets.contiguous();
    const auto* label = classes.const_data_ptr<int64_t>();
    std::stable_sort(order.begin(), order.end(),
                     [label](int64_t a, int64_t b) { return label[a] < label[b]; });
  }
  at::Tensor out = at::empty({rows}, at::kLong);
  auto* fold = out.mutable_data_ptr<int64_t>();
  for (int64_t i = 0; i < rows; ++i) fold[order[static_cast<size_t>(i)]] = i % folds;
  return {out};
}

FoldRows folds_by_group(const at::Tensor& groups, int64_t folds) {
  const at::Tensor sizes = at::bincount(groups);
  const auto* size = sizes.const_data_ptr<int64_t>();
  Rows by_size(static_cast<size_t>(sizes.size(0)));
  std::iota(by_size.begin(), by_size.end(), 0);
  std::stable_sort(by_size.begin(), by_size.end(),
                   [size](int64_t a, int64_t b) { return size[a] > size[b]; });
  Rows filled(static_cast<size_t>(folds));
  at::Tensor fold_of_group = at::empty({sizes.size(0)}, at::kLong);
  for (const int64_t group : by_size) {
    const auto lightest = std::min_element(filled.begin(), filled.end());
    fold_of_group.mutable_data_ptr<int64_t>()[group] = lightest - filled.begin();
    *lightest += size[group];
  }
  return {fold_of_group.index_select(0, groups)};
}

FoldRows folds_by_order(const at::Tensor& ranks, int64_t folds) {
  const int64_t rows = ranks.size(0), each = rows / (folds + 1), front = rows - folds * each;
  const at::Tensor order = ranks.argsort(/*stable=*/true, /*dim=*/0, /*descending=*/false);
  const at::Tensor place = at::arange(rows, at::kLong).sub(front);
  at::Tensor fold = at::empty({rows}, at::kLong);
  fold.index_copy_(0, order, place.div(each, "floor").clamp_min(-1));
  return {fold, true};
}

FoldRows fold_rows(const DataSplits& data, int64_t folds, uint64_t seed,
                   std::vector<std::string>& warnings) {
  const int64_t rows = data.train->size();
  if (data.ranks.defined()) {
    check_rows(rows, folds, folds + 1);
    FoldRows made = folds_by_order(data.ranks, folds);
    tell_ties(made, data.ranks, folds, warnings);
    return made;
  }
  check_rows(rows, folds, folds);
  if (data.groups.defined()) {
    check_groups(data.groups, folds);
    FoldRows made = folds_by_group(data.groups, folds);
    tell_uneven(made, folds, warnings);
    return made;
  }
  return folds_by_class(data.train->targets(at::arange(rows, at::kLong)), folds, seed);
}

}  // namespace maas
