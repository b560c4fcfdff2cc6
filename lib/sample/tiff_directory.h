// The first directory of a TIFF file, which is what EXIF consists of, too (TIFF 6.0, section 2).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace maas {

enum class TiffTag : uint16_t {
  kWidth = 256,
  kHeight = 257,
  kPhotometric = 262,
  kOrientation = 274
};

// The value of a tag that holds one number of 8, 16 or 32 bits; nothing when it is absent, holds
// something else, or the bytes are no TIFF or BigTIFF. Reads nothing but the directory.
std::optional<int64_t> tiff_number(std::string_view tiff, TiffTag tag);

bool is_tiff(std::string_view bytes);

}  // namespace maas
