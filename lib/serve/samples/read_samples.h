// What users have, in a request: image files, JSON, CSV -> a model's inputs.
//
// Models that say how their data look (SessionInfo::samples) take what `maas predict` takes; others
// take tensors as nested lists (nested_lists.h). Everything throws Error{kInput}, whose text is for
// the client. What a request makes the server allocate is bounded by its own size, or by kMost...
#pragma once

#include <ATen/core/Tensor.h>
#include <simdjson.h>

#include <string>
#include <string_view>
#include <vector>

#include "serve/session.h"

namespace maas {

struct ReadSamples {
  std::vector<at::Tensor> inputs;     // in the order of SessionInfo::inputs
  std::vector<std::string> warnings;  // categories that training did not have, absent columns
  bool is_list = true;                // false: one sample, not a list of such
};

inline constexpr size_t kMostImages = 256;               // files in a request
inline constexpr int64_t kMostImageBytes = 512 << 20;    // of their pixels as the model takes them
inline constexpr int64_t kMostCells = int64_t{4} << 20;  // rows * columns of a table

// One image file, of any format that `maas predict` reads. `where` names it for messages.
ReadSamples read_image(std::string_view bytes, const SessionInfo& info, const std::string& where);

// The same of several, a row each.
ReadSamples read_images(const std::vector<std::string_view>& files, const SessionInfo& info,
                        const std::string& where);

// A sample or a list of samples. Images: pixel values (sample/raw_input.h), or {"b64": "..."} of an
// image file, for which {"data": "..."} stands, too. Tables: {column: value} or values in the order
// of the columns. Models without SessionInfo::samples: tensors_from_lists().
ReadSamples read_samples(simdjson::dom::element value, const SessionInfo& info,
                         const std::string& where);

// The same of JSON as text: for samples that stand in another form in the request.
ReadSamples read_samples_text(std::string text, const SessionInfo& info, const std::string& where);

// Rows of a table, with or without a header.
ReadSamples read_csv_rows(std::string_view text, const SessionInfo& info, const std::string& where);
// One text, for a model that takes nothing else.
ReadSamples read_text(std::string_view text, const SessionInfo& info, const std::string& where);

}  // namespace maas
