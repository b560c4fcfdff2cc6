#include "record/report_image.h"

#include <png.h>

#include <algorithm>

#include "base/base64.h"
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

std::string image_uri(const at::Tensor& image, int64_t most_side) {
  at::Tensor shown = image.narrow(0, 0, image.size(0) >= 3 ? 3 : 1).contiguous();
  const int64_t height = shown.size(1), width = shown.size(2);
  const int64_t longer = std::max(height, width);
  if (longer > most_side) {
    shown = resize_pixels(shown, std::max<int64_t>(1, height * most_side / longer),
                          std::max<int64_t>(1, width * most_side / longer));
  }
  return "data:image/png;base64," + to_base64(png_bytes(shown));
}

}  // namespace maas
