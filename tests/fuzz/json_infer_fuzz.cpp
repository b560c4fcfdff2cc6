// Any bytes as the body of an infer request: tensors of the shapes that the model takes and an
// answer, or an Error{kInput}, nothing else.
#include <ATen/ops/zeros.h>

#include <cstdlib>
#include <string>

#include "base/error.h"
#include "serve/json_fault.h"
#include "serve/oip/messages.h"

namespace {

maas::SessionInfo model() {
  maas::SessionInfo info;
  info.name = "net";
  info.inputs = {{"x", at::kFloat, {-1, 2}, {}}, {"i", at::kByte, {-1}, {{0, 9, "it picks"}}}};
  info.outputs = {{"y", at::kHalf, {-1, 3}, {}}};
  info.labels = {"a", "b"};
  return info;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const maas::SessionInfo info = model();
  std::string body(reinterpret_cast<const char*>(data), size);
  body.reserve(size + 64);
  // The parser does not count an empty array at the bottom.
  const size_t fault = maas::json_fault_offset(body, 65);
  if (fault > size) std::abort();
  try {
    const maas::InferRequest request = maas::parse_infer_request(body, info, {.max_batch = 4});
    if (fault != size) std::abort();
    if (request.inputs.at(0).size(1) != 2 || request.inputs.at(0).size(0) > 4) std::abort();
    if (request.inputs.at(1).max().item<int64_t>() > 9) std::abort();
    maas::infer_answer(info, request, {at::zeros({2, 3}, at::kHalf)});
  } catch (const maas::Error& error) {
    if (error.kind() != maas::ErrorKind::kInput) std::abort();
  }
  return 0;
}
