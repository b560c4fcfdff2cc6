#include <fmt/format.h>
#include <gif_lib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "base/throw_error.h"
#include "sample/image_format.h"

namespace maas {
namespace {

using Colour = std::array<uint8_t, 3>;

constexpr int kNoIndex = -1;

[[noreturn]] void fail(const std::string& name, std::string_view reason) {
  throw_input(name, fmt::format("the GIF cannot be decoded: {}", reason), "a complete GIF",
              "save the image anew");
}

int read_bytes(GifFileType* gif, GifByteType* to, int count) {
  auto& rest = *static_cast<std::string_view*>(gif->UserData);
  const size_t given = std::min(rest.size(), static_cast<size_t>(count));
  std::memcpy(to, rest.data(), given);
  rest.remove_prefix(given);
  return static_cast<int>(given);
}

void close(GifFileType* gif) {
  int ignored = 0;
  DGifCloseFile(gif, &ignored);
}

class GifReader {
 public:
  GifReader(std::string_view bytes, const std::string& name) : rest_(bytes), name_(name) {
    int error = 0;
    gif_.reset(DGifOpen(&rest_, read_bytes, &error));
    if (!gif_) fail(name_, text_of(error));
  }

  at::Tensor first_frame(int64_t channels) {
    find_frame();
    const GifImageDesc& frame = gif_->Image;
    if (frame.Left < 0 || frame.Top < 0 || frame.Width <= 0 || frame.Height <= 0) {
      fail(name_, "its first frame is empty");
    }
    // As Pillow: a frame beyond the screen makes the screen larger.
    const int64_t width = std::max<int64_t>(gif_->SWidth, int64_t{frame.Left} + frame.Width);
    const int64_t height = std::max<int64_t>(gif_->SHeight, int64_t{frame.Top} + frame.Height);
    check_image_size(width, height, name_);
    const std::vector<uint8_t> indices = read_frame(frame);  // fails before more is allocated
    const std::vector<Colour> palette = colours();
    const Colour& outside = palette[transparent_ == kNoIndex ? 0 : transparent_];
    std::vector<uint8_t> pixels(static_cast<size_t>(width * height) * 3);
    for (size_t p = 0; p < pixels.size(); p += 3) std::copy_n(outside.begin(), 3, &pixels[p]);
    const uint8_t* from = indices.data();
    for (int64_t y = frame.Top; y < int64_t{frame.Top} + frame.Height; ++y) {
      uint8_t* to = &pixels[static_cast<size_t>(y * width + frame.Left) * 3];
      for (int x = 0; x < frame.Width; ++x) to = std::copy_n(palette[*from++].begin(), 3, to);
    }
    return to_planes({pixels.data(), height, width, 3}, channels);
  }

 private:
  static const char* text_of(int error) {
    const char* text = GifErrorString(error);
    return text != nullptr ? text : "the bytes are damaged";
  }

  // Up to the first frame; remembers which colour index is transparent there.
  void find_frame() {
    for (;;) {
      GifRecordType type = UNDEFINED_RECORD_TYPE;
      if (DGifGetRecordType(gif_.get(), &type) != GIF_OK) fail(name_, text_of(gif_->Error));
      if (type == TERMINATE_RECORD_TYPE) fail(name_, "it has no frame");
      if (type == EXTENSION_RECORD_TYPE) pass_extension();
      if (type != IMAGE_DESC_RECORD_TYPE) continue;
      if (DGifGetImageDesc(gif_.get()) != GIF_OK) fail(name_, text_of(gif_->Error));
      return;
    }
  }

  void pass_extension() {
    int code = 0;
    GifByteType* block = nullptr;  // its first byte counts those that follow
    int done = DGifGetExtension(gif_.get(), &code, &block);
    while (done == GIF_OK && block != nullptr) {
      GraphicsControlBlock control;
      if (code == GRAPHICS_EXT_FUNC_CODE &&
          DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK) {
        transparent_ = control.TransparentColor;
      }
      done = DGifGetExtensionNext(gif_.get(), &block);
    }
    if (done != GIF_OK) fail(name_, text_of(gif_->Error));
  }

  // Colour indices, row by row.
  std::vector<uint8_t> read_frame(const GifImageDesc& frame) {
    const auto width = static_cast<size_t>(frame.Width);
    std::vector<uint8_t> indices(width * static_cast<size_t>(frame.Height));
    for (const int row : rows_in_file_order(frame)) {
      if (DGifGetLine(gif_.get(), &indices[static_cast<size_t>(row) * width], frame.Width) !=
          GIF_OK) {
        fail(name_, text_of(gif_->Error));
      }
    }
    return indices;
  }

  // 256 of them: the frame's own, else the file's, else greys; black beyond the last.
  std::vector<Colour> colours() const {
    std::vector<Colour> palette(256);
    const ColorMapObject* map = gif_->Image.ColorMap ? gif_->Image.ColorMap : gif_->SColorMap;
    for (size_t i = 0; i < palette.size(); ++i) {
      if (map == nullptr) {
        palette[i].fill(static_cast<uint8_t>(i));
      } else if (static_cast<int>(i) < map->ColorCount) {
        palette[i] = {map->Colors[i].Red, map->Colors[i].Green, map->Colors[i].Blue};
      }
    }
    return palette;
  }

  static std::vector<int> rows_in_file_order(const GifImageDesc& frame) {
    std::vector<int> rows;
    const std::vector<std::pair<int, int>> passes =  // first row, step
        frame.Interlace ? std::vector<std::pair<int, int>>{{0, 8}, {4, 8}, {2, 4}, {1, 2}}
                        : std::vector<std::pair<int, int>>{{0, 1}};
    for (const auto& [first, step] : passes) {
      for (int row = first; row < frame.Height; row += step) rows.push_back(row);
    }
    return rows;
  }

  std::string_view rest_;
  const std::string& name_;
  std::unique_ptr<GifFileType, decltype(&close)> gif_{nullptr, close};
  int transparent_ = kNoIndex;
};

}  // namespace

at::Tensor decode_gif(std::string_view bytes, const std::string& name,
                      const DecodeOptions& options) {
  return GifReader(bytes, name).first_frame(options.channels);
}

}  // namespace maas
