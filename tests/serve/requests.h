// Models and requests of the tests of this folder.
#pragma once

#include <fmt/format.h>

#include <string>

#include "base/error.h"
#include "serve/oip/messages.h"

namespace maas {

// One input "x" FP32 [-1, 2] and two outputs: "y" FP32 [-1, 3], "n" INT64 [-1].
inline SessionInfo small_model() {
  SessionInfo info;
  info.name = "net";
  info.inputs = {{"x", at::kFloat, {-1, 2}}};
  info.outputs = {{"y", at::kFloat, {-1, 3}}, {"n", at::kLong, {-1}}};
  return info;
}

// One input "x" of that dtype and shape.
inline SessionInfo model_taking(at::ScalarType dtype, const std::vector<int64_t>& shape) {
  SessionInfo info = small_model();
  info.inputs = {{"x", dtype, shape}};
  return info;
}

inline std::string input_json(const std::string& datatype, const std::string& shape,
                              const std::string& data, const std::string& name = "x") {
  return fmt::format(R"({{"name":"{}","datatype":"{}","shape":{},"data":{}}})", name, datatype,
                     shape, data);
}

// A body around one input; `more` are further members, such as `,"id":"1"`.
inline std::string request_json(const std::string& input, const std::string& more = "") {
  return "{\"inputs\":[" + input + "]" + more + "}";
}

inline std::string good_input() { return input_json("FP32", "[1,2]", "[1,2]"); }

inline InferRequest parse(std::string body, const SessionInfo& info, int64_t max_batch = 0) {
  body.reserve(body.size() + 64);  // what the listener's buffers have
  return parse_infer_request(body, info, {.max_batch = max_batch});
}

// What the client would read, or "" when the request is taken.
inline std::string refusal(const std::string& body, const SessionInfo& info = small_model(),
                           int64_t max_batch = 0) {
  try {
    parse(body, info, max_batch);
  } catch (const Error& error) {
    return error.kind() == ErrorKind::kInput ? error.what()
                                             : std::string("not an input error: ") + error.what();
  }
  return "";
}

}  // namespace maas
