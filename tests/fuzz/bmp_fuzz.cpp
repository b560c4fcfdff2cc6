// Any bytes as a BMP image: a tensor or an Error, nothing else.
#include "base/error.h"
#include "sample/image_format.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    maas::decode_bmp({reinterpret_cast<const char*>(data), size}, "fuzz", {.channels = 3});
  } catch (const maas::Error&) {
  }
  return 0;
}
