// The confusion matrix of a page, as numbers and as a table that needs no script
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "record/report.h"

namespace maas {

// Row-major counts with their sums.
struct Confusion {
  std::vector<int64_t> counts, rows, columns;
  int64_t classes = 0;
  int64_t at(int64_t r, int64_t c) const { return counts[r * classes + c]; }
};

// int64 [K, K], rows = truth.
Confusion read_confusion(const at::Tensor& tensor);

// All classes, or of many the 40 that take part in most mistakes, in order of index.
std::vector<int64_t> shown_classes(const Confusion& table);

// Rows of a <table>: truth, counts and the recall; last the precision of each column. A script
// draws it anew with buttons.
std::string confusion_rows_html(const ReportData& data);

}  // namespace maas
