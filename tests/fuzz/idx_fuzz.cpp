// Any bytes as an IDX file, plain or gzipped: a tensor or an Error, nothing else.
#include "base/error.h"
#include "data/idx.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    maas::decode_idx({reinterpret_cast<const char*>(data), size}, "fuzz",
                     {.lowest = 1, .highest = 4});
  } catch (const maas::Error&) {
  }
  return 0;
}
