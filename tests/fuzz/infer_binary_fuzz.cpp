// Two bytes that say how much of the rest is JSON, and a body with binary data: tensors of the
// shapes that the model takes, or a refusal, nothing else. Of a model of tensors, one for images
// and one for a table, which take BYTES.
#include <cstdint>
#include <string>

#include "fuzz/expect_inputs.h"
#include "serve/oip/messages.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t json_bytes = data[0] + (size_t{data[1]} << 8);
  // Its end is the allocation's but for the padding that the reader may look at.
  std::string body(reinterpret_cast<const char*>(data + 2), size - 2);
  body.reserve(body.size() + 64);
  for (const maas::SessionInfo& model : maas::fuzzed_models()) {
    maas::expect_inputs_or_refusal(model, [&] {
      return maas::parse_infer_request(body, model,
                                       {.max_batch = maas::kMostRows, .json_bytes = json_bytes});
    });
  }
  return 0;
}
