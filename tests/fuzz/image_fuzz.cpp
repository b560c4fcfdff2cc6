// Any bytes as a PNG or JPEG for a small image model: a tensor or an Error, nothing else.
#include "base/error.h"
#include "sample/raw_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const maas::InputSpec spec = [] {
    maas::InputSpec made;
    made.channels = 3;
    made.height = made.width = 8;
    made.resize_to_fit = true;
    return made;
  }();
  try {
    maas::decode_image({reinterpret_cast<const char*>(data), size}, "fuzz", spec);
  } catch (const maas::Error&) {
  }
  return 0;
}
