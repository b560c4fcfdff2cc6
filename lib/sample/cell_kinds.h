// What the cells of a column are: numbers, dates, something else.
#pragma once

#include <ATen/core/Tensor.h>

#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sample/date_time.h"
#include "sample/table_encoder.h"

namespace maas {

// Running mean and variance (Welford 1962): no cancellation for large values. In long double, whose
// range holds the squares of very small and very large ones.
class Moments {
 public:
  void add(double value) {
    ++count_;
    const long double before = value - mean_;
    mean_ += before / static_cast<long double>(count_);
    squares_ += before * (value - mean_);
  }
  template <class Statistics>  // ColumnSpec, NumericFeature
  void store(Statistics& column) const {
    column.mean = static_cast<double>(mean_);
    // Equal values leave no rounding error behind, so that a column without spread has exactly 0,
    // however small its values are. Dividing by 1 keeps it at 0.
    column.std_dev = std_dev() > 0 && std::isfinite(std_dev()) ? std_dev() : 1;
  }
  double std_dev() const {
    return static_cast<double>(count_ > 0 ? std::sqrt(squares_ / static_cast<long double>(count_))
                                          : 0);
  }

 private:
  int64_t count_ = 0;
  long double mean_ = 0, squares_ = 0;
};

// More different values than this are many.
inline constexpr size_t kManyValues = 20;

// Of one column, without the cells that would be missing among numbers.
struct CellKinds {
  void add(int64_t row, std::string_view cell, const TableFormat& format);

  int64_t count = 0;
  std::string sign;            // of the first that has one
  int64_t numbers = 0;         // with this sign, or all without
  int64_t signed_numbers = 0;  // with any sign or none
  Moments moments;             // of the numbers with this sign
  std::string other_sign;      // a number with another sign than the first
  int64_t other_sign_row = 0;
  // Not told where all are numbers without a sign.
  DateOrders dates;                           // of all cells
  std::set<std::string, std::less<>> values;  // kManyValues + 1 at most
  std::vector<int64_t> not_numbers;           // rows: the first three
};

// Of each column, as `hints` has them, the rows `index`.
std::vector<CellKinds> cell_kinds(const CellGrid& cells, const std::vector<ColumnHint>& hints,
                                  const at::Tensor& index);

}  // namespace maas
