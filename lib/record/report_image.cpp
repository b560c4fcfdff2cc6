#include "record/report_image.h"

#include <png.h>

#include <algorithm>

#include "base/error.h"
#include "sample/image_codec.h"

namespace maas {

std::string png_bytes(const at::Tensor& image) {
  MAAS_CHECK(image.dim() == 3 && image.scalar_type() == at::kByte && image.numel() > 0);
  MAAS_CHECK(image.size(0) == 1 || image.size(0) == 3);
  const at::Tensor pixels = image.permute({1, 2, 0}).contiguous();
  png_image header{};
  header.version = PNG_IMAGE_VERSION;
  header.width = static_cast<png_uint_32>(image.size(2));
  header.height = static_cast<png_uint_32>(image.size(1));
  header.format = image.size(0) == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  const void* first = pixels.const_data_ptr<uint8_t>();
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(header);
  std::string bytes(size, '\0');
  MAAS_CHECK(png_image_write_to_memory(&header, bytes.data(), &size, 0, first, 0, nullptr) != 0);
  bytes.resize(size);
  return bytes;
}

std::string base64(std::string_view bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](size_t k) {
      return i + k < bytes.size() ? static_cast<uint32_t>(static_cast<uint8_t>(bytes[i + k])) : 0u;
    };
    const uint32_t group = byte(0) << 16 | byte(1) << 8 | byte(2);
    text += kDigits[group >> 18];
    text += kDigits[group >> 12 & 63];
    text += i + 1 < bytes.size() ? kDigits[group >> 6 & 63] : '=';
    text += i + 2 < bytes.size() ? kDigits[group & 63] : '=';
  }
  return text;
}

std::string image_uri(const at::Tensor& image, int64_t most_side) {
  at::Tensor shown = image.narrow(0, 0, image.size(0) >= 3 ? 3 : 1).contiguous();
  const int64_t height = shown.size(1), width = shown.size(2);
  const int64_t longer = std::max(height, width);
  if (longer > most_side) {
    shown = resize_pixels(shown, std::max<int64_t>(1, height * most_side / longer),
                          std::max<int64_t>(1, width * most_side / longer));
  }
  return "data:image/png;base64," + base64(png_bytes(shown));
}

}  // namespace maas
