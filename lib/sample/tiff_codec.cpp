#include <fmt/format.h>
#include <tiffio.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "base/throw_error.h"
#include "sample/image_format.h"

namespace maas {
namespace {

constexpr uint16_t kMostSamples = 8;  // of a pixel: colours, alpha, and what else was scanned

// The bytes, as libtiff asks for them, and what it complained of. Its messages go nowhere else.
struct Memory {
  std::string_view bytes;
  uint64_t at = 0;
  std::array<char, 256> message{};
};

Memory& memory_of(thandle_t handle) { return *static_cast<Memory*>(handle); }

tmsize_t read(thandle_t handle, void* to, tmsize_t count) {
  Memory& memory = memory_of(handle);
  if (count <= 0 || memory.at >= memory.bytes.size()) return 0;
  const size_t given =
      std::min<size_t>(static_cast<size_t>(count), memory.bytes.size() - memory.at);
  std::memcpy(to, memory.bytes.data() + memory.at, given);
  memory.at += given;
  return static_cast<tmsize_t>(given);
}

tmsize_t refuse_to_write(thandle_t, void*, tmsize_t) { return 0; }

toff_t seek(thandle_t handle, toff_t offset, int from) {
  Memory& memory = memory_of(handle);
  memory.at = from == SEEK_SET   ? offset
              : from == SEEK_CUR ? memory.at + offset
                                 : memory.bytes.size() + offset;
  return memory.at;
}

int keep_open(thandle_t) { return 0; }

toff_t size_of(thandle_t handle) { return memory_of(handle).bytes.size(); }

// The first message tells the cause.
int on_error(TIFF*, void* user, const char*, const char* format, va_list arguments) {
  auto& message = static_cast<Memory*>(user)->message;
  if (message[0] == '\0') std::vsnprintf(message.data(), message.size(), format, arguments);
  return 1;
}

int on_warning(TIFF*, void*, const char*, const char*, va_list) { return 1; }

struct Layout {
  uint32_t width = 0, height = 0;
  uint16_t bits = 0, samples = 0, photometric = 0, planar = 0, compression = 0, format = 0;
  bool premultiplied = false;  // the colours of an RGBA image are multiplied by its alpha
  uint16_t used = 0;           // samples that the pixels are made from: the first ones
};

class TiffReader {
 public:
  TiffReader(std::string_view bytes, const std::string& name) : memory_{bytes}, name_(name) {
    const std::unique_ptr<TIFFOpenOptions, decltype(&TIFFOpenOptionsFree)> options(
        TIFFOpenOptionsAlloc(), TIFFOpenOptionsFree);
    MAAS_CHECK(options != nullptr);
    TIFFOpenOptionsSetErrorHandlerExtR(options.get(), on_error, &memory_);
    TIFFOpenOptionsSetWarningHandlerExtR(options.get(), on_warning, &memory_);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), kMostBytes);
    // "m": nothing is mapped.
    tiff_.reset(TIFFClientOpenExt("image", "rm", &memory_, read, refuse_to_write, seek, keep_open,
                                  size_of, nullptr, nullptr, options.get()));
    if (!tiff_) fail();
  }

  at::Tensor decode(int64_t channels) {
    read_layout();
    check_layout();
    const auto count = static_cast<size_t>(layout_.width) * layout_.height;
    samples_.resize(count * layout_.used);
    if (TIFFIsTiled(tiff_.get()) != 0) {
      read_tiles();
    } else {
      read_lines();
    }
    const int64_t stored = make_colours();
    return to_planes({samples_.data(), layout_.height, layout_.width, stored}, channels);
  }

 private:
  static constexpr tmsize_t kMostBytes = tmsize_t{1} << 30;  // of one block of memory

  [[noreturn]] void fail() const { fail(memory_.message.data()); }
  [[noreturn]] void fail(std::string_view reason) const {
    throw_input(name_, fmt::format("the TIFF cannot be decoded: {}", reason),
                "a complete TIFF: grey, RGB, CMYK or with a palette, 1 to 16 bits",
                "save the image anew");
  }

  template <class T>
  T field(uint32_t tag) const {
    T value = 0;
    TIFFGetFieldDefaulted(tiff_.get(), tag, &value);
    return value;
  }

  void read_layout() {
    layout_.width = field<uint32_t>(TIFFTAG_IMAGEWIDTH);
    layout_.height = field<uint32_t>(TIFFTAG_IMAGELENGTH);
    check_image_size(layout_.width, layout_.height, name_);
    layout_.bits = field<uint16_t>(TIFFTAG_BITSPERSAMPLE);
    layout_.samples = field<uint16_t>(TIFFTAG_SAMPLESPERPIXEL);
    layout_.planar = field<uint16_t>(TIFFTAG_PLANARCONFIG);
    layout_.compression = field<uint16_t>(TIFFTAG_COMPRESSION);
    layout_.format = field<uint16_t>(TIFFTAG_SAMPLEFORMAT);
    if (TIFFGetField(tiff_.get(), TIFFTAG_PHOTOMETRIC, &layout_.photometric) == 0) {
      fail("it does not say what its samples mean (PhotometricInterpretation)");
    }
    uint16_t extra = 0;
    uint16_t* kinds = nullptr;
    TIFFGetFieldDefaulted(tiff_.get(), TIFFTAG_EXTRASAMPLES, &extra, &kinds);
    if (layout_.photometric == PHOTOMETRIC_YCBCR && layout_.compression == COMPRESSION_JPEG) {
      TIFFSetField(tiff_.get(), TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
      layout_.photometric = PHOTOMETRIC_RGB;
    }
    layout_.premultiplied = layout_.photometric == PHOTOMETRIC_RGB && layout_.samples >= 4 &&
                            extra > 0 && kinds[0] == EXTRASAMPLE_ASSOCALPHA;
    layout_.used = layout_.photometric == PHOTOMETRIC_SEPARATED ? 4
                   : layout_.photometric == PHOTOMETRIC_RGB     ? (layout_.premultiplied ? 4 : 3)
                                                                : 1;
  }

  void check_layout() const {
    const Layout& is = layout_;
    const bool grey =
        is.photometric == PHOTOMETRIC_MINISBLACK || is.photometric == PHOTOMETRIC_MINISWHITE;
    const bool palette = is.photometric == PHOTOMETRIC_PALETTE;
    const bool deep = is.photometric == PHOTOMETRIC_RGB || is.photometric == PHOTOMETRIC_SEPARATED;
    if (!grey && !palette && !deep) {
      fail(fmt::format("its PhotometricInterpretation is {}", is.photometric));
    }
    const bool shallow = is.bits == 1 || is.bits == 2 || is.bits == 4;
    const bool fits = is.bits == 8 || (is.bits == 16 && !palette) || (shallow && !deep);
    if (!fits || is.format != SAMPLEFORMAT_UINT) {
      fail(fmt::format("its samples have {} bits (SampleFormat {})", is.bits, is.format));
    }
    if (is.samples < is.used || is.samples > kMostSamples) {
      fail(fmt::format("its pixels have {} samples", is.samples));
    }
    if (is.compression == COMPRESSION_OJPEG || TIFFIsCODECConfigured(is.compression) == 0) {
      fail(fmt::format("its compression is {}", is.compression));
    }
    if (is.planar != PLANARCONFIG_CONTIG && is.planar != PLANARCONFIG_SEPARATE) {
      fail(fmt::format("its PlanarConfiguration is {}", is.planar));
    }
  }

  bool separate() const { return layout_.planar == PLANARCONFIG_SEPARATE && layout_.samples > 1; }
  // How often the image's area is gone over, and the samples of a pixel in what is read then.
  uint16_t planes() const { return separate() ? layout_.used : 1; }
  uint16_t stride() const { return separate() ? 1 : layout_.samples; }

  void read_lines() {
    std::vector<uint8_t> line(checked_size(TIFFScanlineSize64(tiff_.get()), layout_.width, 1));
    for (uint16_t plane = 0; plane < planes(); ++plane) {
      for (uint32_t y = 0; y < layout_.height; ++y) {
        if (TIFFReadScanline(tiff_.get(), line.data(), y, plane) < 0) fail();
        keep(line.data(), {.x = 0, .y = y, .count = layout_.width, .plane = plane});
      }
    }
  }

  void read_tiles() {
    const auto wide = field<uint32_t>(TIFFTAG_TILEWIDTH),
               high = field<uint32_t>(TIFFTAG_TILELENGTH);
    if (wide == 0 || high == 0) fail("its tiles are empty");
    const auto covered = [](uint64_t size, uint64_t tile) {
      return (size + tile - 1) / tile * tile;
    };
    const uint64_t columns = covered(layout_.width, wide), rows = covered(layout_.height, high);
    if (columns > static_cast<uint64_t>(kMostImagePixels) / rows) {
      fail(fmt::format("its tiles have {} x {} pixels", wide, high));
    }
    std::vector<uint8_t> tile(checked_size(TIFFTileSize64(tiff_.get()), wide, high));
    const size_t row_bytes = tile.size() / high;
    for (uint16_t plane = 0; plane < planes(); ++plane) {
      for (uint32_t top = 0; top < layout_.height; top += high) {
        for (uint32_t left = 0; left < layout_.width; left += wide) {
          if (TIFFReadTile(tiff_.get(), tile.data(), left, top, 0, plane) < 0) fail();
          const uint32_t count = std::min(wide, layout_.width - left);
          for (uint32_t y = 0; y < std::min(high, layout_.height - top); ++y) {
            keep(tile.data() + y * row_bytes,
                 {.x = left, .y = top + y, .count = count, .plane = plane});
          }
        }
      }
    }
  }

  // libtiff's count of bytes, which must hold the samples that are taken out.
  size_t checked_size(uint64_t bytes, uint64_t width, uint64_t height) const {
    const uint64_t needed = (width * stride() * layout_.bits + 7) / 8 * height;
    if (bytes < needed || bytes > kMostBytes) fail(fmt::format("a part of it has {} bytes", bytes));
    return bytes;
  }

  struct Span {
    uint32_t x, y, count;
    uint16_t plane;
  };

  // The used samples of some pixels of a row, as 8 bits, into samples_.
  void keep(const uint8_t* from, const Span& span) {
    const size_t first = static_cast<size_t>(span.y) * layout_.width + span.x;
    const uint16_t taken = separate() ? 1 : layout_.used;
    for (size_t i = 0; i < span.count; ++i) {
      uint8_t* to = &samples_[(first + i) * layout_.used + span.plane];
      for (uint16_t s = 0; s < taken; ++s) to[s] = sample(from, i * stride() + s);
    }
  }

  uint8_t sample(const uint8_t* from, size_t i) const {
    if (layout_.bits == 8) return from[i];
    if (layout_.bits == 16) {  // in this machine's byte order
      uint16_t value = 0;
      std::memcpy(&value, from + 2 * i, 2);
      return static_cast<uint8_t>(value >> 8);
    }
    const size_t bit = i * layout_.bits;
    const uint32_t most = (1U << layout_.bits) - 1;
    const uint32_t value = from[bit / 8] >> (8 - layout_.bits - bit % 8) & most;
    const bool palette = layout_.photometric == PHOTOMETRIC_PALETTE;
    return static_cast<uint8_t>(palette ? value : value * 255 / most);
  }

  // Samples -> grey or RGB; the number of channels.
  int64_t make_colours() {
    if (layout_.photometric == PHOTOMETRIC_MINISWHITE) {
      for (uint8_t& value : samples_) value = static_cast<uint8_t>(255 - value);
    }
    if (layout_.photometric == PHOTOMETRIC_PALETTE) apply_palette();
    if (layout_.photometric == PHOTOMETRIC_SEPARATED) {
      cmyk_to_rgb(samples_.data(), static_cast<int64_t>(samples_.size() / 4), samples_.data());
    }
    if (layout_.premultiplied) divide_by_alpha();
    const bool grey = layout_.photometric == PHOTOMETRIC_MINISBLACK ||
                      layout_.photometric == PHOTOMETRIC_MINISWHITE;
    return grey ? 1 : 3;
  }

  void apply_palette() {
    std::array<uint16_t*, 3> maps{};
    if (TIFFGetField(tiff_.get(), TIFFTAG_COLORMAP, &maps[0], &maps[1], &maps[2]) == 0) {
      fail("its palette is missing");
    }
    std::vector<uint8_t> rgb(samples_.size() * 3);
    for (size_t p = 0; p < samples_.size(); ++p) {
      for (size_t c = 0; c < 3; ++c)
        rgb[3 * p + c] = static_cast<uint8_t>(maps[c][samples_[p]] >> 8);
    }
    samples_ = std::move(rgb);
  }

  // Four samples a pixel to three, in place.
  void divide_by_alpha() {
    for (size_t p = 0; p < samples_.size() / 4; ++p) {
      const int alpha = samples_[4 * p + 3];
      for (size_t c = 0; c < 3; ++c) {
        const int value = samples_[4 * p + c];
        samples_[3 * p + c] =
            static_cast<uint8_t>(alpha == 0 ? value : std::min(255, value * 255 / alpha));
      }
    }
  }

  Memory memory_;
  const std::string& name_;
  std::unique_ptr<TIFF, decltype(&TIFFClose)> tiff_{nullptr, TIFFClose};
  Layout layout_;
  std::vector<uint8_t> samples_;  // [height, width, used], 8 bits each
};

}  // namespace

at::Tensor decode_tiff(std::string_view bytes, const std::string& name,
                       const DecodeOptions& options) {
  return TiffReader(bytes, name).decode(options.channels);
}

}  // namespace maas
