// Answers of TorchServe's predictions; requests are read by serve/samples/read_body.h
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "serve/session.h"

namespace maas {

// As TorchServe's default handlers answer, one a sample, in a list where a list was sent:
// classification {"label": probability, ...} of the kShownLabels highest, several labels all of
// them, regression the number or {"target": number, ...}; null where outputs are NaN or infinite.
// Of a model that does not say what its outputs are: their nested lists, by name where there are
// several.
std::string prediction_answer(const SessionInfo& info, const std::vector<at::Tensor>& outputs,
                              bool is_list);

inline constexpr int64_t kShownLabels = 5;  // TorchServe's image_classifier

}  // namespace maas
