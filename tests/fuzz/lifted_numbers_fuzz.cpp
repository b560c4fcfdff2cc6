// Any bytes as a request, read once with its numbers lifted and once as a whole document: both take
// it, with the same values, or both refuse it.
#include <ATen/ops/equal.h>

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "base/error.h"
#include "serve/oip/messages.h"

namespace {

std::optional<maas::InferRequest> read(const std::string& body, const maas::SessionInfo& info,
                                       bool whole) {
  try {
    // A request whose length in JSON is told is never lifted.
    return maas::parse_infer_request(
        body, info,
        {.max_batch = 1000, .json_bytes = whole ? std::optional(body.size()) : std::nullopt});
  } catch (const maas::Error& error) {
    if (error.kind() != maas::ErrorKind::kInput) std::abort();
    return std::nullopt;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const maas::SessionInfo info = [] {
    maas::SessionInfo made;
    made.name = "net";
    made.inputs = {{"x", at::kFloat, {-1}, {}}};
    made.outputs = {{"y", at::kFloat, {-1}, {}}};
    return made;
  }();
  // Short texts are not lifted; spaces in front change nothing else.
  std::string body = std::string(600, ' ') + std::string(reinterpret_cast<const char*>(data), size);
  body.reserve(body.size() + 64);
  const auto lifted = read(body, info, false), whole = read(body, info, true);
  if (lifted.has_value() != whole.has_value()) std::abort();
  if (lifted && !at::equal(lifted->inputs.at(0), whole->inputs.at(0))) std::abort();
  return 0;
}
