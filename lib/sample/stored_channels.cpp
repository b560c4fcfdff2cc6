// What the headers of image files say of their colours.
#include "sample/image_codec.h"

namespace maas {
namespace {

size_t byte_at(std::string_view bytes, size_t i) { return static_cast<unsigned char>(bytes[i]); }

// The colour type of IHDR, the first chunk: bit 1 = colour (2 = RGB, 3 = palette, 6 = RGB, alpha).
int64_t png_channels(std::string_view bytes) {
  constexpr size_t kColourType = 25;
  if (bytes.size() <= kColourType) return 0;
  return (byte_at(bytes, kColourType) & 2) != 0 ? 3 : 1;
}

// The number of components in the first frame header (SOF0 to SOF15; C4, C8 and CC are others).
int64_t jpeg_channels(std::string_view bytes) {
  size_t at = 2;
  while (at + 9 < bytes.size()) {
    if (byte_at(bytes, at) != 0xff) return 0;
    const size_t marker = byte_at(bytes, at + 1);
    if (marker == 0xff) {  // fill byte
      ++at;
      continue;
    }
    const bool frame =
        marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    if (frame) return byte_at(bytes, at + 9) == 1 ? 1 : 3;
    at += 2 + byte_at(bytes, at + 2) * 256 + byte_at(bytes, at + 3);
  }
  return 0;
}

}  // namespace

int64_t stored_channels(std::string_view bytes) {
  if (bytes.starts_with("\x89PNG")) return png_channels(bytes);
  return bytes.starts_with("\xff\xd8") ? jpeg_channels(bytes) : 0;
}

}  // namespace maas
