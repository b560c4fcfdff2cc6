// The Open Inference Protocol v2 in JSON: requests and answers.
// https://github.com/kserve/open-inference-protocol (inference_rest.md); classification: Triton's
// extension of that name.
#pragma once

#include <ATen/core/Tensor.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
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
  bool binary = false;  // its values behind the JSON; not those of a classification
};

struct InferRequest {
  std::string id;                        // "" = none
  std::chrono::microseconds timeout{0};  // not computed when it has passed since arrival; 0 = none
  int64_t priority = 0;                  // 1 first; 0 = none was given
  std::vector<at::Tensor> inputs;        // in the order of SessionInfo::inputs; may view the body
  std::vector<WantedOutput> outputs;
  std::vector<std::string> warnings;  // of samples (samples/read_samples.h)
};

struct InferLimits {
  int64_t max_batch = 0;  // of the first dimension where it is dynamic; 0 = no bound
  // Of the JSON at the body's beginning, as the header Inference-Header-Content-Length tells:
  // binary data follow it. 0: the whole body is the values of the model's one input. Absent: the
  // whole body is JSON.
  std::optional<size_t> json_bytes = {};
  // Told how much memory reading is about to take; may throw. Empty: nobody wants to know.
  std::function<void(size_t bytes)> foresee = {};
  // Where it comes in pieces, one for each input with a binary_data_size, in their order, and
  // nothing follows the JSON.
  std::span<const std::string_view> pieces = {};
  int64_t priority_levels = 0;  // 0: requests that ask for a priority are refused
};

// `body` has readable memory of at least 64 bytes behind it, and outlives the request's inputs.
// Throws Error{kInput}, whose text is for the client: bad JSON with the byte offset, repeated or
// missing members, inputs and outputs that the model does not have, datatypes, shapes and values
// that do not fit (an empty batch does not), binary data that are not as long as they say, what
// this server does not do (shared memory, sequences, priorities above priority_levels). Members
// that are null are as if they were not there. JSON has no NaN and no infinities; binary data may.
InferRequest parse_infer_request(std::string_view body, const SessionInfo& info,
                                 const InferLimits& limits);

struct Classification {
  std::vector<int64_t> shape;
  std::vector<std::string> texts;  // "value:index:label"
};
// The `wanted` highest values of each row of an output (WantedOutput::classification).
Classification classify(const SessionInfo& info, const at::Tensor& output, int64_t wanted);

// In one line, as the answer's parameter "warnings" has them; "" = none.
std::string warnings_text(const std::vector<std::string>& warnings);

struct InferAnswer {
  std::string body;
  std::optional<size_t> json_bytes;  // of `body`, when binary data follow
};

// `outputs` in the order of info.outputs. In JSON, NaN and infinities become null, and the output's
// parameters tell how many there are: not_numbers, infinities.
InferAnswer infer_answer(const SessionInfo& info, const InferRequest& request,
                         const std::vector<at::Tensor>& outputs);

std::string server_metadata(std::string_view version);
// `versions`: all that the server has of this name.
std::string model_metadata(const SessionInfo& info, const std::vector<std::string>& versions);

}  // namespace maas
