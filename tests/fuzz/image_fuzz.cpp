// Any bytes as an image, of whichever format they say, for a small image model: a tensor or an
// Error, nothing else; its header is read alone, too.
#include "base/error.h"
#include "sample/image_codec.h"
#include "sample/raw_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const maas::InputSpec spec = [] {
    maas::InputSpec made;
    made.channels = 3;
    made.height = made.width = 8;
    made.resize_to_fit = true;
    return made;
  }();
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  maas::stored_channels(bytes);
  maas::stored_orientation(bytes);
  try {
    maas::decode_image(bytes, "fuzz", spec);
  } catch (const maas::Error&) {
  }
  return 0;
}
