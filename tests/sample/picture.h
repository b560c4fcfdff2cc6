// Encoders for test images.
#pragma once

#include <png.h>
#include <turbojpeg.h>

#include <cstdint>
#include <string>
#include <vector>

namespace maas {

struct Picture {
  int width = 0, height = 0, channels = 1;
  std::vector<uint8_t> pixels;  // interleaved

  static Picture filled(int width, int height, std::vector<uint8_t> colour) {
    Picture picture{width, height, static_cast<int>(colour.size()), {}};
    for (int i = 0; i < width * height; ++i) {
      picture.pixels.insert(picture.pixels.end(), colour.begin(), colour.end());
    }
    return picture;
  }
};

inline std::string png_of(const Picture& picture) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(picture.width);
  image.height = static_cast<png_uint_32>(picture.height);
  image.format = picture.channels == 1   ? PNG_FORMAT_GRAY
                 : picture.channels == 3 ? PNG_FORMAT_RGB
                                         : PNG_FORMAT_RGBA;
  png_alloc_size_t size = 0;
  png_image_write_to_memory(&image, nullptr, &size, 0, picture.pixels.data(), 0, nullptr);
  std::string bytes(size, '\0');
  png_image_write_to_memory(&image, bytes.data(), &size, 0, picture.pixels.data(), 0, nullptr);
  bytes.resize(size);
  return bytes;
}

inline std::string jpeg_of(const Picture& picture) {
  const tjhandle compressor = tjInitCompress();
  unsigned char* data = nullptr;
  unsigned long size = 0;
  tjCompress2(compressor, picture.pixels.data(), picture.width, 0, picture.height,
              picture.channels == 1   ? TJPF_GRAY
              : picture.channels == 3 ? TJPF_RGB
                                      : TJPF_CMYK,
              &data, &size, picture.channels == 1 ? TJSAMP_GRAY : TJSAMP_444, 95, 0);
  std::string bytes(reinterpret_cast<char*>(data), size);
  tjFree(data);
  tjDestroy(compressor);
  return bytes;
}

}  // namespace maas
