// Every file of images/ beside what Pillow reads from it (images/make.py).
#include <ATen/ops/abs.h>
#include <ATen/ops/max.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "sample/image_codec.h"
#include "sample/image_format.h"
#include "support/source_folder.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> pictures() {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(source_folder() / "tests/sample/images")) {
    const fs::path& path = entry.path();
    if (path.extension() != ".py" && !path.stem().has_extension()) found.push_back(path);
  }
  std::sort(found.begin(), found.end());
  return found;
}

at::Tensor decoded(const fs::path& path, int64_t channels = 0) {
  return decode_pixels(read_file(path), path.string(), {.channels = channels});
}

int64_t furthest(const at::Tensor& a, const at::Tensor& b) {
  return a.to(at::kInt).sub(b.to(at::kInt)).abs().max().item<int64_t>();
}

class PillowImages : public testing::TestWithParam<fs::path> {};

TEST_P(PillowImages, HaveThePixelsThatPillowReads) {
  const at::Tensor shown = decoded(GetParam(), 3);
  const at::Tensor pillow = decoded(GetParam().string() + ".png", 3);
  ASSERT_EQ(shown.sizes(), pillow.sizes());
  EXPECT_EQ(furthest(shown, pillow), 0);
}

TEST_P(PillowImages, HaveTheChannelsThatTheirHeaderSays) {
  EXPECT_EQ(decoded(GetParam()).size(0), stored_channels(read_file(GetParam())));
}

TEST_P(PillowImages, HaveTheSizeThatTheirHeaderSays) {
  if (GetParam().filename() == "beyond.gif") return;  // larger than its screen, by its first frame
  const at::Tensor pixels = decoded(GetParam());
  EXPECT_EQ(shown_size(read_file(GetParam())), (ImageSize{pixels.size(2), pixels.size(1)}));
}

TEST_P(PillowImages, AreRefusedWhereverTheyAreCutShort) {
  const std::string bytes = read_file(GetParam());
  // The last bytes of some formats hold nothing that is needed.
  for (size_t kept = 0; kept + 40 < bytes.size(); kept += 1 + bytes.size() / 60) {
    const std::string cut = bytes.substr(0, kept);
    EXPECT_GE(stored_channels(cut), 0);
    EXPECT_GE(stored_orientation(cut), 1);
    EXPECT_GE(shown_size(cut).width, 0);
    try {
      decode_pixels(cut, "cut", {});
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput);
    }
  }
}

std::string name_of(const testing::TestParamInfo<fs::path>& info) {
  std::string name = info.param.filename().string();
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Of, PillowImages, testing::ValuesIn(pictures()), name_of);

TEST(PillowImageFiles, AreOfEveryFormat) {
  std::set<const ImageFormat*> seen;
  for (const fs::path& path : pictures()) {
    EXPECT_TRUE(has_image_extension(path)) << path;
    seen.insert(image_format_of(read_file(path)));
  }
  EXPECT_EQ(seen.size(), image_formats().size());
}

}  // namespace
}  // namespace maas
