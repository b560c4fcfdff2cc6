// Any bytes as a body whose priority is looked for: it ends, and where the body is a request, it is
// the request's own priority or none.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "serve/oip/messages.h"
#include "serve/oip/priority.h"

namespace {

maas::SessionInfo model() {
  maas::SessionInfo info;
  info.name = "net";
  info.inputs = {{"x", at::kByte, {-1}, {}}};
  info.outputs = {{"y", at::kByte, {-1}, {}}};
  return info;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const maas::SessionInfo info = model();
  // Its end is the allocation's but for the padding that the parser may look at.
  const std::string exact(reinterpret_cast<const char*>(data), size);
  const int64_t peeked = maas::peek_priority(exact);
  if (peeked < 0) std::abort();
  std::string body = exact;
  body.reserve(size + 64);
  try {
    const int64_t own = maas::parse_infer_request(body, info, {.priority_levels = 1000}).priority;
    if (peeked != 0 && peeked != own) std::abort();
  } catch (const maas::Error& error) {
    if (error.kind() != maas::ErrorKind::kInput) std::abort();
  }
  return 0;
}
