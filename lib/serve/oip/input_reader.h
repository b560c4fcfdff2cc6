// The inputs of a request of the Open Inference Protocol, out of its JSON and what follows it.
#pragma once

#include <ATen/core/Tensor.h>
#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "serve/lifted_numbers.h"
#include "serve/oip/messages.h"
#include "serve/request_json.h"
#include "serve/session.h"

namespace maas {

// All functions throw Error{kInput}, for the client.

// Of the tensor of that name; `kind` is "input" or "output".
size_t index_of(const std::vector<TensorInfo>& tensors, std::string_view name,
                const std::string& kind);
// A whole number from 0 on; 0 where there is none.
int64_t count_in(const JsonMembers& members, std::string_view name, const std::string& where,
                 const std::string& expected);
void refuse_shared_memory(const JsonMembers& parameters, const std::string& where);

struct ReadInputs {
  std::vector<at::Tensor> tensors;    // in the order of SessionInfo::inputs
  std::vector<std::string> warnings;  // of samples (samples/read_samples.h)
};

// `list`: the member "inputs". `binary`: what follows the JSON. `lifted`: the arrays for which
// indices stand in `data`; null: none were lifted.
//
// Where the model says how its data look, inputs of the datatype BYTES are samples
// (oip/sample_inputs.h), as are those that name columns of its table.
ReadInputs read_inputs(simdjson::dom::element list, const SessionInfo& info,
                       const InferLimits& limits, std::string_view binary,
                       const LiftedNumbers* lifted);

}  // namespace maas
