// The Open Inference Protocol v2 in JSON: requests and answers.
// https://github.com/kserve/open-inference-protocol (inference_rest.md); classification: Triton's
// extension of that name.
#pragma once

#include <ATen/core/Tensor.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "serve/session.h"

namespace maas {

// One output that the client wants.
struct WantedOutput {
  size_t index = 0;  // in SessionInfo::outputs
  // > 0: for each row along the last dimension, the so many highest values as "value:index:label"
  // (BYTES), highest first; of equal ones the first first, NaN last.
  int64_t classification = 0;
};

struct InferRequest {
  std::string id;                        // "" = none
  std::chrono::microseconds timeout{0};  // not computed when it has passed since arrival; 0 = none
  std::vector<at::Tensor> inputs;        // in the order of SessionInfo::inputs
  std::vector<WantedOutput> outputs;
};

// `body` has readable memory of at least 64 bytes behind it. Throws Error{kInput}, whose text is
// for the client: bad JSON with the byte offset, repeated or missing members, inputs and outputs
// that the model does not have, datatypes, shapes and values that do not fit (an empty batch does
// not). JSON has no NaN and no infinities. `max_batch` bounds the first dimension where it is
// dynamic; 0 = no bound. Outputs that are asked for in binary are given in JSON. A parser per
// thread is kept for reuse.
InferRequest parse_infer_request(std::string_view body, const SessionInfo& info, int64_t max_batch);

// `outputs` in the order of info.outputs. NaN and infinities become null.
std::string infer_answer(const SessionInfo& info, const InferRequest& request,
                         const std::vector<at::Tensor>& outputs);

std::string server_metadata(std::string_view version);
std::string model_metadata(const SessionInfo& info);

}  // namespace maas
