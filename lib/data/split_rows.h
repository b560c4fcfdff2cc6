// Which rows of one source train, and which are kept apart.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "data/data_config.h"
#include "data/source.h"

namespace maas {

// Rows for each split, ascending int64; undefined = no such split.
struct SplitRows {
  at::Tensor train, validation, test;
};

// First config.limit rows are drawn by the seed; of these the test fraction goes, then the
// validation fraction, each rounded to whole rows. Which rows that are depends on `config`,
// `marks`, `size` and `seed` alone:
// - data.order: the last rows by it are the test, those before them validation, in whatever seed;
//   equal ones keep the order of the source.
// - data.group: whole groups, in an order drawn by the seed, each if it brings the split nearer to
//   its fraction; so the fractions are met as nearly as the groups allow.
// - data.split stratified, where there are classes: of each class its share, by largest remainder;
//   at least one row of every class trains, so that a class of one row is in training alone.
// - else they are drawn by the seed, whatever they are.
// `warnings` gets what is not as the config asks. Throws Error{kInput} for too few rows or groups,
// with counts.
SplitRows split_rows(const DataConfig& config, const RowMarks& marks, int64_t size, uint64_t seed,
                     std::vector<std::string>& warnings);

}  // namespace maas
