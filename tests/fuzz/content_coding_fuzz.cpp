// A first byte that picks the coding, and a packed body: what it unpacks to, within its bound, or a
// refusal, nothing else; and whatever is packed here unpacks to itself.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/content_coding.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto coding = data[0] % 2 == 0 ? maas::ContentCoding::kGzip : maas::ContentCoding::kDeflate;
  const std::string body(reinterpret_cast<const char*>(data + 1), size - 1);
  constexpr size_t kMost = 1 << 20;
  try {
    const std::string text = maas::unpacked(body, coding, kMost);
    if (text.size() > kMost || text.capacity() < text.size() + 64) std::abort();
  } catch (const maas::Error& error) {
    if (error.kind() != maas::ErrorKind::kInput) std::abort();
  } catch (const maas::RefusedRequest& refused) {
    if (refused.refusal().status != 413) std::abort();
  }
  if (maas::unpacked(maas::packed(body, coding), coding, size) != body) std::abort();
  return 0;
}
