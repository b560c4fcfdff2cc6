#include "sample/image_format.h"

#include <algorithm>
#include <string>

#include "sample/image_header.h"
#include "sample/tiff_directory.h"

namespace maas {
namespace {

using Bytes = std::string_view;

bool is_webp(Bytes bytes) {
  return bytes.size() >= 12 && bytes.starts_with("RIFF") && bytes.substr(8, 4) == "WEBP";
}

bool is_gif(Bytes bytes) { return bytes.starts_with("GIF87a") || bytes.starts_with("GIF89a"); }

int64_t always_colour(Bytes) { return 3; }

int64_t never_turned(Bytes) { return 1; }

// "a, b or c"
std::string list_of(const std::vector<std::string>& words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

}  // namespace

const std::vector<ImageFormat>& image_formats() {
  static const std::vector<ImageFormat> kFormats = {
      {"PNG",
       {".png"},
       [](Bytes bytes) { return bytes.starts_with("\x89PNG\r\n\x1a\n"); },
       png_channels,
       png_orientation,
       png_size,
       decode_png},
      {"JPEG",
       {".jpg", ".jpeg"},
       [](Bytes bytes) { return bytes.starts_with("\xff\xd8\xff"); },
       jpeg_channels,
       jpeg_orientation,
       jpeg_size,
       decode_jpeg},
      {"WebP", {".webp"}, is_webp, always_colour, webp_orientation, webp_size, decode_webp},
      {"GIF", {".gif"}, is_gif, always_colour, never_turned, gif_size, decode_gif},
      {"BMP",
       {".bmp"},
       [](Bytes bytes) { return bytes.starts_with("BM"); },
       bmp_channels,
       never_turned,
       bmp_size,
       decode_bmp},
      {"TIFF",
       {".tif", ".tiff"},
       is_tiff,
       tiff_channels,
       tiff_orientation,
       tiff_size,
       decode_tiff}};
  return kFormats;
}

const ImageFormat* image_format_of(std::string_view bytes) {
  const auto& formats = image_formats();
  const auto found = std::find_if(formats.begin(), formats.end(), [&](const ImageFormat& format) {
    return format.recognises(bytes);
  });
  return found == formats.end() ? nullptr : &*found;
}

bool has_image_extension(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  for (const ImageFormat& format : image_formats()) {
    for (const char* known : format.extensions) {
      if (extension == known) return true;
    }
  }
  return false;
}

std::string image_format_names() {
  std::vector<std::string> names;
  for (const ImageFormat& format : image_formats()) names.emplace_back(format.name);
  return list_of(names);
}

std::string image_extensions() {
  std::vector<std::string> names;
  for (const ImageFormat& format : image_formats()) {
    names.insert(names.end(), format.extensions.begin(), format.extensions.end());
  }
  return list_of(names);
}

}  // namespace maas
