// ModelInfer between its message and the request and answer of the Open Inference Protocol
// (serve/oip): what it may ask for, and what it hears when that does not fit, is told there.
#pragma once

#include <ATen/core/Tensor.h>

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "serve/grpc/module.h"
#include "serve/oip/messages.h"
#include "serve/session.h"

namespace maas {

// A request as `oip` reads it: JSON whose inputs have their values in binary pieces.
struct GrpcRequestText {
  std::string json;                      // with readable memory of 64 bytes behind it
  std::vector<std::string_view> pieces;  // views of the request, or of `made`
  std::deque<std::string> made;          // bytes of values that came in typed lists
};

// Throws Error{kInput} for values in raw_input_contents and in `contents` at once, another number
// of raw contents than inputs, and typed lists of another type or length than the input says or
// with values outside its range.
GrpcRequestText grpc_request_text(const GrpcInferRequest& request);

// The parameter "priority" where it is a whole number above 0; else 0.
int64_t grpc_priority(const GrpcInferRequest& request);

// Throws Error{kInput}, as parse_infer_request() does. The text outlives the request's inputs. Of
// `limits`, json_bytes and pieces are the text's.
InferRequest parse_grpc_request(const GrpcRequestText& text, const SessionInfo& info,
                                InferLimits limits);

// Raw where the request's values were or where it asked for binary data, and where a datatype has
// no typed list (FP16, BF16). `request` and `info` outlive the answer.
GrpcInferAnswer grpc_infer_answer(const SessionInfo& info, const InferRequest& request,
                                  const std::vector<at::Tensor>& outputs);

}  // namespace maas
