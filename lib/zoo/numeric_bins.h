// Where the numbers of a table are cut into bins, of which a network can bend what it makes of a
// number: the piecewise linear encoding of Gorishniy, Rubachev and Babenko 2022, "On Embeddings for
// Numerical Features in Tabular Deep Learning", section 3.2, by quantiles.
#pragma once

#include <cstdint>
#include <vector>

#include "data/dataset.h"

namespace maas {

// A bin of the input "numeric". Its number is 0 before `start`, 1 after `end`, and a line between.
struct NumericBin {
  int64_t column = 0;         // of "numeric"
  double start = 0, end = 0;  // in the column's units; start < end
  bool operator==(const NumericBin&) const = default;
};

// For each number of a table `count` bins, between quantiles of its values, in order; fewer where
// quantiles are equal, none where one would be left (a column of 0 and 1). Of more than 65,536 rows
// the quantiles are those of so many rows, evenly chosen. Empty without numbers, and for count 0.
std::vector<NumericBin> learn_numeric_bins(const Dataset& train, int64_t count);

}  // namespace maas
