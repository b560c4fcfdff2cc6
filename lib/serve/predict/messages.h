// Answers in the words of `maas predict --json`
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>
#include <vector>

#include "serve/session.h"

namespace maas {

// One object a sample, in a list where a list was sent. Classification {"label", "probability",
// "probabilities": {label: probability}}, the highest kShownShares first; several labels {"labels":
// those of at least 0.5, "probabilities"}; regression {"values": {target: number}}; each null where
// the outputs are NaN or infinite. Of a model that does not say what its outputs are: {"outputs":
// {name: nested lists}}.
std::string labelled_answer(const SessionInfo& info, const std::vector<at::Tensor>& outputs,
                            bool is_list);

inline constexpr int64_t kShownShares = 100;

// Whether a body in JSON is a sample, or a list of samples, rather than an object of a protocol:
// told by its first bytes, without parsing. Only for models that say how their data look.
bool is_bare_sample(std::string_view body, const SessionInfo& info);

}  // namespace maas
