// Metrics of parts of a data set: of the rows that have the same value in a column.
#pragma once

#include <string>
#include <vector>

#include "data/data_config.h"
#include "data/dataset.h"
#include "evaluate/metrics.h"

namespace maas {

struct Slice {
  std::string value;  // "Biscoe"; of numbers with many values a range, "(3, 5.5]"
  Metrics metrics;
};

struct SlicedBy {
  std::string column;
  std::vector<Slice> slices;  // by value
};

// The rows of `dataset`, which was read from the CSV file `path` as `config` says, sliced by
// `column` of the file, an input of the model or not. Numbers of more than 20 values are put into
// quarters. Throws Error{kUsage} for data that have no columns and for a column of more than 100
// values; Error{kInput} where there is no such column.
struct SliceRequest {
  const Dataset& dataset;
  const DataConfig& config;
  std::string path;
  std::vector<std::string> metrics;
};
SlicedBy slice_by(const SliceRequest& request, const Predictions& predictions,
                  const std::string& column);

}  // namespace maas
