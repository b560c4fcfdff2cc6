// What the headers of image files say, without decoding: size, colour, and which way up.
//
// All are quick, take any bytes and throw nothing: a damaged header is told by the decoder.
#pragma once

#include <cstdint>
#include <string_view>

namespace maas {

struct ImageSize {
  int64_t width = 0, height = 0;  // 0 = the header does not say
  bool operator==(const ImageSize&) const = default;
};

// As stored, not turned.
ImageSize png_size(std::string_view bytes);
ImageSize jpeg_size(std::string_view bytes);
ImageSize gif_size(std::string_view bytes);  // of the screen, on which frames lie
ImageSize tiff_size(std::string_view bytes);

// 3 = colour, 1 = grey, 0 = the header does not say.
int64_t png_channels(std::string_view bytes);
int64_t jpeg_channels(std::string_view bytes);
int64_t tiff_channels(std::string_view bytes);

// EXIF's orientation, 1 to 8 (EXIF 2.3, 4.6.4 A): 1 = as stored, also where nothing is said.
int64_t png_orientation(std::string_view bytes);   // of the chunk eXIf
int64_t jpeg_orientation(std::string_view bytes);  // of the first segment with EXIF
int64_t webp_orientation(std::string_view bytes);  // of the chunk EXIF
int64_t tiff_orientation(std::string_view bytes);  // of its own directory

}  // namespace maas
