// Which rows validate in which fold, and which its network learns from.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace maas {

struct FoldRows {
  at::Tensor fold;  // int64 [rows]: where a row validates, from 0 up; -1 = in none
  bool expanding =
      false;  // networks learn from what is before their fold, else from all other rows

  // int64, ascending.
  at::Tensor validating(int64_t which) const;
  at::Tensor learning(int64_t which) const;
  // The rows that validate in one of the first `folds`.
  at::Tensor validated(int64_t folds) const;
};

// Of every class its share where there are classes, sizes that differ by one at most; drawn by the
// seed. `targets`: Batch::targets of all rows.
FoldRows folds_by_class(const at::Tensor& targets, int64_t folds, uint64_t seed);

// No group in two folds. The largest group first, each goes to the fold with fewest rows so far; of
// equal ones the first (as scikit-learn's GroupKFold). `groups`: int64 [rows], 0 and up.
// Precondition: a group for each fold.
FoldRows folds_by_group(const at::Tensor& groups, int64_t folds);

// By `ranks`, int64 [rows], equal ones in the order of the rows: the last rows / (folds + 1) are
// the last fold, those before them the one before, and what is left at the front validates in none.
// A network learns from all rows before its fold (as scikit-learn's TimeSeriesSplit). Precondition:
// more rows than folds.
FoldRows folds_by_order(const at::Tensor& ranks, int64_t folds);

// One of these for the rows of data.train, as its marks say. `warnings` gets what is uneven. Throws
// Error{kUsage} for more folds than rows or groups allow.
FoldRows fold_rows(const DataSplits& data, int64_t folds, uint64_t seed,
                   std::vector<std::string>& warnings);

}  // namespace maas
