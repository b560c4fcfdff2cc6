// One source of samples before there is a specification: internal to data/.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "data/data_config.h"
#include "data/dataset.h"

namespace maas {

// What decides how the rows of a source may be split. Each int64 [size()], or undefined.
struct RowMarks {
  at::Tensor classes = {};  // 0 and up, equal for equal labels; of a classification
  at::Tensor groups = {};   // 0 and up in the order in which they come; of data.group
  at::Tensor ranks = {};    // by data.order, ascending, equal for equal cells
};

// Immutable after opening.
class Source {
 public:
  virtual ~Source() = default;
  virtual int64_t size() const = 0;
  // The same whatever specification was known at opening. Throws Error{kInput} naming a cell that
  // is missing in the column of data.group or data.order.
  virtual RowMarks marks() const = 0;
  // The specification that the rows `index` (int64 [n], n >= 1) give. Labels come from all rows.
  // `told` gets a line for each thing that is guessed.
  virtual DataSpec learn(const at::Tensor& index, std::vector<std::string>& told) const = 0;
  // All rows as samples of `spec`. Adds to `warnings`. Throws Error{kInput} naming the row that
  // does not fit.
  virtual std::shared_ptr<const Dataset> conform(const DataSpec& spec,
                                                 std::vector<std::string>& warnings) const = 0;
};

// What the openers need to know.
struct SourceRequest {
  const DataConfig& config;
  SourceConfig where;
  std::string split;                   // "train", "validation", "test": for messages
  const DataSpec* known = nullptr;     // of a model or of the training split; null = none yet
  std::vector<std::string>& warnings;  // one line each, with counts
};

std::unique_ptr<Source> open_idx_source(const SourceRequest& request);
std::unique_ptr<Source> open_csv_source(const SourceRequest& request);
std::unique_ptr<Source> open_image_source(const SourceRequest& request);  // folder or list
std::unique_ptr<Source> open_text_source(const SourceRequest& request);   // folder
std::unique_ptr<Source> open_synthetic_source(const SourceRequest& request);
std::unique_ptr<Source> open_source(const SourceRequest& request);  // by config.type

}  // namespace maas
