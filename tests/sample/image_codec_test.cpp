#include "sample/image_codec.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/max.h>
#include <gmock/gmock.h>
#include <zlib.h>

#include "sample/picture.h"
#include "support/idx_bytes.h"
#include "support/scratch.h"

namespace maas {
namespace {

using testing::HasSubstr;

int pixel(const at::Tensor& image, int64_t c, int64_t y, int64_t x) {
  return image.const_data_ptr<uint8_t>()[(c * image.size(1) + y) * image.size(2) + x];
}

TEST(DecodePixels, KeepsEveryPixelOfAPng) {
  Picture picture{3, 2, 3, {}};
  for (int i = 0; i < 18; ++i) picture.pixels.push_back(static_cast<uint8_t>(10 * i));
  const at::Tensor image = decode_pixels(png_of(picture), "x.png", {});
  ASSERT_EQ(image.sizes(), (std::vector<int64_t>{3, 2, 3}));
  EXPECT_EQ(pixel(image, 0, 0, 0), 0);
  EXPECT_EQ(pixel(image, 2, 1, 2), 170);
  EXPECT_EQ(pixel(image, 1, 1, 0), 100);
}

TEST(DecodePixels, ComesCloseToAJpegsPixels) {
  const at::Tensor image =
      decode_pixels(jpeg_of(Picture::filled(20, 10, {200, 100, 50})), "x.jpg", {});
  ASSERT_EQ(image.sizes(), (std::vector<int64_t>{3, 10, 20}));
  EXPECT_NEAR(pixel(image, 0, 5, 5), 200, 3);
  EXPECT_NEAR(pixel(image, 2, 5, 5), 50, 3);
}

TEST(DecodePixels, TurnsColourToGreyAndBack) {
  const Picture red = Picture::filled(4, 4, {255, 0, 0});
  EXPECT_EQ(pixel(decode_pixels(png_of(red), "x", {.channels = 1}), 0, 1, 1), 76);
  EXPECT_NEAR(pixel(decode_pixels(jpeg_of(red), "x", {.channels = 1}), 0, 1, 1), 76, 2);
  const Picture grey = Picture::filled(4, 4, {90});
  for (const std::string& bytes : {png_of(grey), jpeg_of(grey)}) {
    EXPECT_EQ(decode_pixels(bytes, "x", {}).size(0), 1);
    const at::Tensor colour = decode_pixels(bytes, "x", {.channels = 3});
    EXPECT_EQ(colour.size(0), 3);
    EXPECT_NEAR(pixel(colour, 2, 3, 3), 90, 1);
  }
}

TEST(DecodePixels, DropsAlpha) {
  const at::Tensor image = decode_pixels(png_of(Picture::filled(4, 4, {10, 20, 30, 255})), "x", {});
  EXPECT_EQ(image.size(0), 3);
  EXPECT_EQ(pixel(image, 1, 0, 0), 20);
}

TEST(DecodePixels, RefusesCutAndDamagedFilesByName) {
  const std::string png = png_of(Picture::filled(40, 40, {1, 2, 3}));
  const std::string jpeg = jpeg_of(Picture::filled(40, 40, {1, 2, 3}));
  EXPECT_THAT(error_of([&] { decode_pixels(png.substr(0, png.size() / 2), "a.png", {}); }),
              HasSubstr("a.png: the PNG cannot be decoded"));
  EXPECT_THAT(error_of([&] { decode_pixels(jpeg.substr(0, jpeg.size() / 2), "a.jpg", {}); }),
              HasSubstr("a.jpg: the JPEG cannot be decoded"));
  std::string flipped = png;
  flipped[png.size() / 2] ^= 0x55;
  error_of([&] { decode_pixels(flipped, "a.png", {}); });
}

TEST(DecodePixels, RefusesOtherKinds) {
  EXPECT_THAT(error_of([] { decode_pixels("", "x", {}); }), HasSubstr("is empty"));
  EXPECT_THAT(error_of([] { decode_pixels("<svg></svg>", "x", {}); }),
              HasSubstr("is no PNG, JPEG, WebP, GIF, BMP or TIFF"));
  for (const char* start : {"RIFF", "RIFF\1\2\3\4WEB", "BM", "GIF89a", "II*"}) {
    error_of([&] { decode_pixels(start, "x", {}); });
  }
}

// A picture whose four corners differ, stored so that `orientation` shows it upright.
TEST(DecodePixels, TurnsAsTheOrientationSays) {
  const std::vector<std::vector<uint8_t>> stored = {
      {1, 2, 3, 4, 5, 6}, {3, 2, 1, 6, 5, 4}, {6, 5, 4, 3, 2, 1}, {4, 5, 6, 1, 2, 3},
      {1, 4, 2, 5, 3, 6}, {3, 6, 2, 5, 1, 4}, {6, 3, 5, 2, 4, 1}, {4, 1, 5, 2, 6, 3}};
  for (int64_t orientation = 1; orientation <= 8; ++orientation) {
    const int64_t height = orientation < 5 ? 2 : 3;
    at::Tensor pixels = at::empty({1, height, 6 / height}, at::kByte);
    std::copy_n(stored[orientation - 1].data(), 6, pixels.mutable_data_ptr<uint8_t>());
    const at::Tensor shown = turn_pixels(pixels, orientation);
    ASSERT_EQ(shown.sizes(), (std::vector<int64_t>{1, 2, 3}));
    for (uint8_t i = 0; i < 6; ++i) {
      EXPECT_EQ(shown.const_data_ptr<uint8_t>()[i], i + 1) << orientation;
    }
  }
}

// An APP1 segment with one entry, an orientation, behind the start of a JPEG.
std::string turned_jpeg(std::string jpeg, char orientation) {
  const std::string exif = std::string("Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\3\0\0\0\1\0", 25) +
                           orientation + std::string("\0\0\0\0\0\0", 6);
  return jpeg.insert(2, std::string("\xff\xe1\0", 3) + static_cast<char>(exif.size() + 2) + exif);
}

TEST(DecodePixels, TurnsAJpegThatIsDecodedSmaller) {
  const std::string jpeg = turned_jpeg(jpeg_of(Picture::filled(640, 480, {200, 100, 50})), 6);
  EXPECT_EQ(stored_orientation(jpeg), 6);
  EXPECT_EQ(decode_pixels(jpeg, "x", {.least_side = 28}).sizes(),
            (std::vector<int64_t>{3, 80, 60}));
}

TEST(DecodePixels, LeavesWhatSaysNonsenseAsItIsStored) {
  const std::string jpeg = jpeg_of(Picture::filled(8, 6, {1, 2, 3}));
  for (const char orientation : {0, 1, 9}) {
    const std::string turned = turned_jpeg(jpeg, orientation);
    EXPECT_EQ(stored_orientation(turned), 1);
    EXPECT_EQ(decode_pixels(turned, "x", {}).size(1), 6);
  }
}

TEST(DecodePixels, ChecksTheSizeBeforeDecoding) {
  std::string jpeg = jpeg_of(Picture::filled(8, 8, {1, 2, 3}));
  const size_t frame = jpeg.find("\xff\xc0");
  jpeg.replace(frame + 5, 4, "\xea\x60\xea\x60");
  EXPECT_THAT(error_of([&] { decode_pixels(jpeg, "x", {}); }), HasSubstr("60000 x 60000"));
  std::string png = png_of(Picture::filled(8, 8, {1}));
  png.replace(16, 8, big_endian(30000) + big_endian(30000));
  const auto crc =
      static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(png.data()) + 12, 17));
  png.replace(29, 4, big_endian(crc));
  EXPECT_THAT(error_of([&] { decode_pixels(png, "x", {}); }), HasSubstr("30000 x 30000"));
}

TEST(DecodePixels, ShrinksALargeJpegWhileDecoding) {
  const std::string jpeg = jpeg_of(Picture::filled(640, 480, {200, 100, 50}));
  EXPECT_EQ(decode_pixels(jpeg, "x", {.least_side = 28}).sizes(),
            (std::vector<int64_t>{3, 60, 80}));
  EXPECT_EQ(decode_pixels(jpeg, "x", {.least_side = 241}).size(1), 480);
}

TEST(ResizePixels, KeepsAFlatImageFlat) {
  const at::Tensor image = decode_pixels(png_of(Picture::filled(50, 31, {77})), "x", {});
  for (const auto& [height, width] : {std::pair{7, 9}, {31, 50}, {64, 100}, {1, 1}}) {
    const at::Tensor small = resize_pixels(image, height, width);
    EXPECT_EQ(small.min().item<int>(), 77);
    EXPECT_EQ(small.max().item<int>(), 77);
  }
}

// What each of `from` pixels counts for in pixel `i` of `to`.
std::vector<double> triangle(int64_t from, int64_t to, int64_t i) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double reach = std::max(1.0, scale), centre = (static_cast<double>(i) + 0.5) * scale;
  std::vector<double> weights(static_cast<size_t>(from));
  double total = 0;
  for (size_t p = 0; p < weights.size(); ++p) {
    weights[p] = std::max(0.0, 1 - std::abs(static_cast<double>(p) + 0.5 - centre) / reach);
    total += weights[p];
  }
  for (double& weight : weights) weight /= total;
  return weights;
}

TEST(ResizePixels, WeighsByATriangleInBothDirections) {
  Picture noise{23, 37, 1, {}};
  for (uint32_t i = 0; i < 23 * 37; ++i) {
    noise.pixels.push_back(static_cast<uint8_t>(i * 2654435761U >> 24));
  }
  const at::Tensor image = decode_pixels(png_of(noise), "x", {});
  for (const auto& [height, width] : {std::pair{11, 7}, {8, 16}, {1, 3}, {50, 40}, {37, 9}}) {
    const at::Tensor resized = resize_pixels(image, height, width);
    for (int64_t y = 0; y < height; ++y) {
      for (int64_t x = 0; x < width; ++x) {
        const std::vector<double> rows = triangle(37, height, y), columns = triangle(23, width, x);
        double sum = 0;
        for (size_t i = 0; i < rows.size(); ++i) {
          for (size_t j = 0; j < columns.size(); ++j) {
            sum += rows[i] * columns[j] * noise.pixels[i * 23 + j];
          }
        }
        ASSERT_NEAR(pixel(resized, 0, y, x), sum, 0.51) << height << " x " << width;
      }
    }
  }
}

TEST(ResizePixels, AveragesWhenShrinking) {
  Picture stripes{64, 64, 1, {}};
  for (int i = 0; i < 64 * 64; ++i) stripes.pixels.push_back(i % 2 ? 255 : 0);
  const at::Tensor small = resize_pixels(decode_pixels(png_of(stripes), "x", {}), 8, 8);
  EXPECT_NEAR(pixel(small, 0, 4, 4), 127, 3);
}

TEST(FitPixels, CropsTheCentreOrNamesBothSizes) {
  Picture wide{60, 20, 1, {}};
  for (int y = 0; y < 20; ++y) {
    for (int x = 0; x < 60; ++x) wide.pixels.push_back(x < 20 || x >= 40 ? 0 : 200);
  }
  const at::Tensor image = decode_pixels(png_of(wide), "x", {});
  InputSpec spec;
  spec.channels = 1;
  spec.height = spec.width = 10;
  EXPECT_THAT(error_of([&] { fit_pixels(image, "x.png", spec); }),
              testing::AllOf(HasSubstr("60 x 20"), HasSubstr("10 x 10")));
  spec.resize_to_fit = true;
  const at::Tensor fitted = fit_pixels(image, "x.png", spec);
  EXPECT_EQ(fitted.sizes(), (std::vector<int64_t>{1, 10, 10}));
  EXPECT_EQ(pixel(fitted, 0, 5, 5), 200);
  EXPECT_EQ(pixel(fitted, 0, 5, 1), 200);
}

}  // namespace
}  // namespace maas
