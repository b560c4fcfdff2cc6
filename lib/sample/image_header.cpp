#include "sample/image_header.h"

#include "sample/tiff_directory.h"

namespace maas {
namespace {

constexpr std::string_view kExifMark("Exif\0\0", 6);

size_t byte_at(std::string_view bytes, size_t i) { return static_cast<unsigned char>(bytes[i]); }

// Calls visit(marker, content) for the segments before the first scan, until it returns true.
template <class Visit>
void visit_jpeg_segments(std::string_view bytes, const Visit& visit) {
  constexpr size_t kStartOfScan = 0xda;
  size_t at = 2;
  while (at + 4 <= bytes.size() && byte_at(bytes, at) == 0xff) {
    const size_t marker = byte_at(bytes, at + 1);
    if (marker == 0xff) {  // fill byte
      ++at;
      continue;
    }
    const size_t length = byte_at(bytes, at + 2) * 256 + byte_at(bytes, at + 3);
    if (length < 2 || length > bytes.size() - at - 2 || marker == kStartOfScan) return;
    if (visit(marker, bytes.substr(at + 4, length - 2))) return;
    at += 2 + length;
  }
}

// Of four bytes.
uint64_t number_at(std::string_view bytes, size_t at, bool little) {
  uint64_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | byte_at(bytes, at + (little ? 3 - i : i));
  return value;
}

int64_t two_bytes(size_t high, size_t low) { return static_cast<int64_t>(high * 256 + low); }

// The content of the first chunk called `name`, "" when there is none.
std::string_view png_chunk(std::string_view bytes, std::string_view name) {
  constexpr size_t kAround = 12;  // length, name, checksum
  size_t at = 8;
  while (at + kAround <= bytes.size()) {
    const uint64_t length = number_at(bytes, at, false);
    if (length > bytes.size() - at - kAround) return {};
    if (bytes.substr(at + 4, 4) == name) return bytes.substr(at + 8, length);
    at += kAround + length;
  }
  return {};
}

std::string_view riff_chunk(std::string_view bytes, std::string_view name) {
  size_t at = 12;
  while (at + 8 <= bytes.size()) {
    const uint64_t length = number_at(bytes, at + 4, true);
    if (length > bytes.size() - at - 8) return {};
    if (bytes.substr(at, 4) == name) return bytes.substr(at + 8, length);
    at += 8 + length + (length & 1);
  }
  return {};
}

// The first frame header (SOF0 to SOF15; C4, C8 and CC are others): bits, height, width,
// components.
std::string_view jpeg_frame(std::string_view bytes) {
  constexpr size_t kLeast = 6;
  std::string_view found;
  visit_jpeg_segments(bytes, [&](size_t marker, std::string_view content) {
    const bool frame =
        marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    if (frame && content.size() >= kLeast) found = content;
    return frame;
  });
  return found;
}

int64_t orientation_of(std::string_view exif) {
  if (exif.starts_with(kExifMark)) exif.remove_prefix(kExifMark.size());
  const int64_t stored = tiff_number(exif, TiffTag::kOrientation).value_or(1);
  return stored >= 1 && stored <= 8 ? stored : 1;
}

}  // namespace

// IHDR is the first chunk.
ImageSize png_size(std::string_view bytes) {
  constexpr size_t kWidth = 16, kHeight = 20;
  if (bytes.size() < kHeight + 4) return {};
  return {static_cast<int64_t>(number_at(bytes, kWidth, false)),
          static_cast<int64_t>(number_at(bytes, kHeight, false))};
}

ImageSize jpeg_size(std::string_view bytes) {
  const std::string_view frame = jpeg_frame(bytes);
  if (frame.empty()) return {};
  return {two_bytes(byte_at(frame, 3), byte_at(frame, 4)),
          two_bytes(byte_at(frame, 1), byte_at(frame, 2))};
}

ImageSize gif_size(std::string_view bytes) {
  if (bytes.size() < 10) return {};
  return {two_bytes(byte_at(bytes, 7), byte_at(bytes, 6)),
          two_bytes(byte_at(bytes, 9), byte_at(bytes, 8))};
}

ImageSize tiff_size(std::string_view bytes) {
  return {tiff_number(bytes, TiffTag::kWidth).value_or(0),
          tiff_number(bytes, TiffTag::kHeight).value_or(0)};
}

// The colour type of IHDR, the first chunk: bit 1 = colour (2 = RGB, 3 = palette, 6 = RGB, alpha).
int64_t png_channels(std::string_view bytes) {
  constexpr size_t kColourType = 25;
  if (bytes.size() <= kColourType) return 0;
  return (byte_at(bytes, kColourType) & 2) != 0 ? 3 : 1;
}

int64_t jpeg_channels(std::string_view bytes) {
  const std::string_view frame = jpeg_frame(bytes);
  if (frame.empty()) return 0;
  return byte_at(frame, 5) == 1 ? 1 : 3;
}

int64_t tiff_channels(std::string_view bytes) {
  constexpr int64_t kBlackIsZero = 1;  // WhiteIsZero is 0
  const auto photometric = tiff_number(bytes, TiffTag::kPhotometric);
  if (!photometric) return 0;
  return *photometric <= kBlackIsZero ? 1 : 3;
}

int64_t png_orientation(std::string_view bytes) { return orientation_of(png_chunk(bytes, "eXIf")); }

int64_t jpeg_orientation(std::string_view bytes) {
  constexpr size_t kApp1 = 0xe1;
  int64_t orientation = 1;
  visit_jpeg_segments(bytes, [&](size_t marker, std::string_view content) {
    if (marker != kApp1 || !content.starts_with(kExifMark)) return false;
    orientation = orientation_of(content);
    return true;
  });
  return orientation;
}

int64_t webp_orientation(std::string_view bytes) {
  return orientation_of(riff_chunk(bytes, "EXIF"));
}

int64_t tiff_orientation(std::string_view bytes) { return orientation_of(bytes); }

}  // namespace maas
