// Any bytes as a Content-Type (up to the first line end) and a form: parts that lie in the body, or
// an Error{kInput}, nothing else.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "http/multipart.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(all.find('\n'), size);
  const std::string_view type = all.substr(0, line);
  const std::string_view body = all.substr(std::min(line + 1, size));
  try {
    const auto parts = maas::parse_form(body, type);
    if (parts.empty() || parts.size() > maas::kMostFormParts) std::abort();
    const char* last = body.data();
    for (const maas::FormPart& part : parts) {
      if (part.name.empty() || part.bytes.data() < last) std::abort();
      last = part.bytes.data() + part.bytes.size();
      if (last > body.data() + body.size()) std::abort();
    }
  } catch (const maas::Error& error) {
    if (error.kind() != maas::ErrorKind::kInput) std::abort();
  }
  return 0;
}
