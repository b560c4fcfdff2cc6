// Two bytes that say how much of the rest is JSON, and a body with binary data: tensors of the
// shapes that the model takes, or a refusal, nothing else. Of a model of tensors, one for images
// and one for a table, which take BYTES.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "serve/oip/messages.h"
#include "serve/sample_models.h"

namespace {

maas::SessionInfo tensors() {
  maas::SessionInfo info;
  info.name = "net";
  info.inputs = {{"x", at::kFloat, {-1, 2}, {}}, {"b", at::kBool, {-1}, {}}};
  info.outputs = {{"y", at::kHalf, {-1, 3}, {}}};
  return info;
}

void read(const std::string& body, size_t json_bytes, const maas::SessionInfo& info) {
  try {
    const maas::InferRequest request =
        maas::parse_infer_request(body, info, {.max_batch = 4, .json_bytes = json_bytes});
    if (request.inputs.size() != info.inputs.size()) std::abort();
    for (size_t i = 0; i < request.inputs.size(); ++i) {
      const auto& wanted = info.inputs[i];
      const auto& found = request.inputs[i];
      if (found.scalar_type() != wanted.dtype) std::abort();
      if (found.dim() != static_cast<int64_t>(wanted.shape.size())) std::abort();
      if (found.size(0) < 1 || found.size(0) > 4) std::abort();
      // Every byte is there to be read.
      (void)found.clone();
    }
  } catch (const maas::Error& error) {
    if (error.kind() != maas::ErrorKind::kInput) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const maas::SessionInfo models[] = {tensors(), maas::image_model(), maas::table_model()};
  if (size < 2) return 0;
  const size_t json_bytes = data[0] + (size_t{data[1]} << 8);
  // Its end is the allocation's but for the padding that the reader may look at.
  std::string body(reinterpret_cast<const char*>(data + 2), size - 2);
  body.reserve(body.size() + 64);
  for (const maas::SessionInfo& model : models) read(body, json_bytes, model);
  return 0;
}
