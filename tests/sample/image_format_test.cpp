#include "sample/image_format.h"

#include <gmock/gmock.h>

#include <map>
#include <string>

#include "base/files.h"
#include "support/scratch.h"
#include "support/source_folder.h"

namespace maas {
namespace {

using testing::HasSubstr;

std::string stored(const char* name) {
  return read_file((source_folder() / "tests/sample/images" / name).string());
}

std::string little(uint32_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i, value >>= 8) text += static_cast<char>(value & 255);
  return text;
}

// One strip or tile, `data`, behind the header; the tags in the order of their numbers.
std::string tiff_of(const std::string& data, const std::map<uint32_t, uint32_t>& tags) {
  std::string made =
      "II*" + std::string(1, '\0') + little(static_cast<uint32_t>(8 + data.size()), 4);
  made += data + little(static_cast<uint32_t>(tags.size()), 2);
  for (const auto& [tag, value] : tags)
    made += little(tag, 2) + little(4, 2) + little(1, 4) + little(value, 4);
  return made + little(0, 4);
}

constexpr uint32_t kWidth = 256, kHeight = 257, kBits = 258, kCompression = 259, kPhotometric = 262,
                   kStrip = 273, kSamples = 277, kStripRows = 278, kStripBytes = 279,
                   kTileWidth = 322, kTileHeight = 323, kTile = 324, kTileBytes = 325,
                   kSampleFormat = 339;

std::map<uint32_t, uint32_t> grey16() {
  return {{kWidth, 2}, {kHeight, 1},  {kBits, 16},     {kCompression, 1}, {kPhotometric, 1},
          {kStrip, 8}, {kSamples, 1}, {kStripRows, 1}, {kStripBytes, 4}};
}

TEST(ImageFormats, AreToldByTheirExtensionInAnyCase) {
  for (const char* name :
       {"a.png", "b/c.JPG", "x.jpeg", "x.WebP", "x.gif", "x.bmp", "x.tif", "x.TIFF"}) {
    EXPECT_TRUE(has_image_extension(name)) << name;
  }
  for (const char* name : {"png", "a.txt", "a.png.gz", "a", ""}) {
    EXPECT_FALSE(has_image_extension(name)) << name;
  }
  EXPECT_EQ(image_format_names(), "PNG, JPEG, WebP, GIF, BMP or TIFF");
}

TEST(ImageFormats, CheckTheSizeBeforeDecoding) {
  std::string bmp = stored("rgb.bmp");
  bmp.replace(18, 8, little(30000, 4) + little(30000, 4));
  EXPECT_THAT(error_of([&] { decode_pixels(bmp, "x", {}); }), HasSubstr("30000 x 30000"));
  std::string gif = stored("palette.gif");
  gif.replace(6, 4, little(60000, 2) + little(60000, 2));
  EXPECT_THAT(error_of([&] { decode_pixels(gif, "x", {}); }), HasSubstr("60000 x 60000"));
  std::string webp = stored("lossy.webp");
  webp.replace(26, 4, little(16000, 2) + little(16000, 2));
  EXPECT_THAT(error_of([&] { decode_pixels(webp, "x", {}); }), HasSubstr("16000 x 16000"));
  auto tags = grey16();
  tags[kWidth] = tags[kHeight] = 30000;
  EXPECT_THAT(error_of([&] { decode_pixels(tiff_of("abcd", tags), "x", {}); }),
              HasSubstr("30000 x 30000"));
}

TEST(ImageFormats, RefuseSizesThatTheBytesCannotHold) {
  std::string bmp = stored("rgb.bmp");
  bmp.replace(18, 8, little(8000, 4) + little(8000, 4));
  EXPECT_THAT(error_of([&] { decode_pixels(bmp, "x", {}); }), HasSubstr("ends early"));
  auto tags = grey16();
  tags[kWidth] = tags[kHeight] = 8000;
  EXPECT_THAT(error_of([&] { decode_pixels(tiff_of("abcd", tags), "x", {}); }),
              HasSubstr("the TIFF cannot be decoded"));
}

TEST(DecodeTiff, CutsSixteenBitsToTheUpperEight) {
  const at::Tensor image = decode_pixels(tiff_of("\x34\x12\xff\xfe", grey16()), "x", {});
  EXPECT_EQ(image.const_data_ptr<uint8_t>()[0], 0x12);
  EXPECT_EQ(image.const_data_ptr<uint8_t>()[1], 0xfe);
}

TEST(DecodeTiff, RefusesTilesThatAreFarLargerThanTheImage) {
  auto tags = grey16();
  for (const uint32_t tag : {kStrip, kStripRows, kStripBytes}) tags.erase(tag);
  tags[kTileWidth] = 16;
  tags[kTileHeight] = 1U << 30;
  tags[kTile] = 8;
  tags[kTileBytes] = 4;
  EXPECT_THAT(error_of([&] { decode_pixels(tiff_of("abcd", tags), "x", {}); }),
              HasSubstr("its tiles have 16 x 1073741824 pixels"));
}

TEST(DecodeTiff, SaysWhatItDoesNotRead) {
  const auto with = [](uint32_t tag, uint32_t value) {
    auto tags = grey16();
    tags[tag] = value;
    return error_of([&] { decode_pixels(tiff_of("abcd", tags), "a.tif", {}); });
  };
  EXPECT_THAT(with(kSampleFormat, 3), HasSubstr("16 bits (SampleFormat 3)"));
  EXPECT_THAT(with(kBits, 32), HasSubstr("32 bits"));
  EXPECT_THAT(with(kPhotometric, 8), HasSubstr("PhotometricInterpretation is 8"));
  EXPECT_THAT(with(kCompression, 6), HasSubstr("its compression is 6"));
  EXPECT_THAT(with(kSamples, 9), HasSubstr("9 samples"));
}

TEST(DecodeTiff, SaysWhatLibtiffSaysAndNothingBesides) {
  testing::internal::CaptureStderr();
  auto tags = grey16();
  tags[kCompression] = 5;
  const std::string text = error_of([&] { decode_pixels(tiff_of("abcd", tags), "a.tif", {}); });
  EXPECT_THAT(text, HasSubstr("a.tif: the TIFF cannot be decoded: "));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(DecodeBmp, SaysWhatItDoesNotRead) {
  std::string bmp = stored("rgb.bmp");
  bmp[28] = 2;
  EXPECT_THAT(error_of([&] { decode_pixels(bmp, "x", {}); }),
              HasSubstr("2 bits with compression 0"));
  bmp = stored("masks32.bmp");
  bmp[54] = 5;
  EXPECT_THAT(error_of([&] { decode_pixels(bmp, "x", {}); }), HasSubstr("the mask of a colour"));
}

TEST(DecodeGif, NeedsAFrame) {
  const std::string gif = stored("interlaced.gif");
  EXPECT_THAT(error_of([&] { decode_pixels(gif.substr(0, 13 + 768) + ";", "x", {}); }),
              HasSubstr("it has no frame"));
}

}  // namespace
}  // namespace maas
