// What any reader of an inference request owes its caller, whatever the bytes: inputs that the
// model takes, or Error{kInput}.
#pragma once

#include <cstdlib>

#include "base/error.h"
#include "serve/oip/messages.h"
#include "serve/sample_models.h"

namespace maas {

constexpr int64_t kMostRows = 4;  // that readers are to be told

inline SessionInfo model_of_tensors() {
  SessionInfo info;
  info.name = "net";
  info.inputs = {{"x", at::kFloat, {-1, 2}, {}}, {"b", at::kBool, {-1}, {}}};
  info.outputs = {{"y", at::kHalf, {-1, 3}, {}}};
  return info;
}

// Tensors alone, image files, a table's columns.
inline const SessionInfo (&fuzzed_models())[3] {
  static const SessionInfo models[] = {model_of_tensors(), image_model(), table_model()};
  return models;
}

inline void expect_taken_by(const InferRequest& request, const SessionInfo& info) {
  if (request.inputs.size() != info.inputs.size()) std::abort();
  for (size_t i = 0; i < request.inputs.size(); ++i) {
    const auto& wanted = info.inputs[i];
    const auto& found = request.inputs[i];
    if (found.scalar_type() != wanted.dtype) std::abort();
    if (found.dim() != static_cast<int64_t>(wanted.shape.size())) std::abort();
    if (found.size(0) < 1 || found.size(0) > kMostRows) std::abort();
    // Every byte is there to be read.
    (void)found.clone();
  }
}

// `read` gives an InferRequest of the model.
template <class Read>
void expect_inputs_or_refusal(const SessionInfo& info, const Read& read) {
  try {
    expect_taken_by(read(), info);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInput) std::abort();
  }
}

}  // namespace maas
