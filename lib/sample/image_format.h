// Which image files maas reads: one table.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "sample/image_codec.h"
#include "sample/image_header.h"

namespace maas {

struct ImageFormat {
  const char* name;
  std::vector<const char*> extensions;  // ".png", lower case
  bool (*recognises)(std::string_view bytes);
  int64_t (*channels)(std::string_view bytes);     // as stored_channels()
  int64_t (*orientation)(std::string_view bytes);  // as stored_orientation()
  ImageSize (*size)(std::string_view bytes);       // as shown_size(), but as stored
  // Pixels as they are stored, not turned; otherwise the contract of decode_pixels().
  at::Tensor (*decode)(std::string_view bytes, const std::string& name,
                       const DecodeOptions& options);
};

const std::vector<ImageFormat>& image_formats();
// The one that the first bytes tell; null = none.
const ImageFormat* image_format_of(std::string_view bytes);

// By its extension, in any case.
bool has_image_extension(const std::filesystem::path& path);
std::string image_format_names();  // "PNG, JPEG, ... or TIFF"
std::string image_extensions();    // ".png, .jpg, ... or .tiff"

at::Tensor decode_png(std::string_view bytes, const std::string& name,
                      const DecodeOptions& options);
at::Tensor decode_jpeg(std::string_view bytes, const std::string& name,
                       const DecodeOptions& options);
at::Tensor decode_webp(std::string_view bytes, const std::string& name,
                       const DecodeOptions& options);
at::Tensor decode_gif(std::string_view bytes, const std::string& name,
                      const DecodeOptions& options);
at::Tensor decode_bmp(std::string_view bytes, const std::string& name,
                      const DecodeOptions& options);
at::Tensor decode_tiff(std::string_view bytes, const std::string& name,
                       const DecodeOptions& options);
int64_t bmp_channels(std::string_view bytes);  // 1 when the palette has greys alone
ImageSize bmp_size(std::string_view bytes);
ImageSize webp_size(std::string_view bytes);

}  // namespace maas
