// Bodies of TorchServe's predictions: requests and answers.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>
#include <vector>

#include "serve/samples/read_samples.h"

namespace maas {

// Of a type that read_prediction() knows: JSON, CSV, image/*, multipart/form-data; none, or what
// curl says of any file: application/octet-stream, application/x-www-form-urlencoded.
bool is_prediction_type(std::string_view content_type);

// The samples in a body. Images, and without a type that says otherwise whatever looks like one;
// JSON: read_samples(), also as {"instances": [...]}; CSV; a form with one such part. `body` has
// readable memory of at least 64 bytes behind it. Throws Error{kInput}, for the client.
ReadSamples read_prediction(std::string_view body, std::string_view content_type,
                            const SessionInfo& info);

// As TorchServe's default handlers answer, one a sample, in a list where a list was sent:
// classification {"label": probability, ...} of the kShownLabels highest, several labels all of
// them, regression the number or {"target": number, ...}; null where outputs are NaN or infinite.
// Of a model that does not say what its outputs are: their nested lists, by name where there are
// several.
std::string prediction_answer(const SessionInfo& info, const std::vector<at::Tensor>& outputs,
                              bool is_list);

inline constexpr int64_t kShownLabels = 5;  // TorchServe's image_classifier

}  // namespace maas
