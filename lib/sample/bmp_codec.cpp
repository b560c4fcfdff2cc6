// Windows bitmaps (BITMAPFILEHEADER and the headers that follow it, from 12 to 124 bytes), read
// here since no library in use does: 1 to 8 bits with a palette, plain or run-length encoded; 16,
// 24 and 32 bits, plain or with masks.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <vector>

#include "base/throw_error.h"
#include "sample/image_format.h"

namespace maas {
namespace {

enum Compression : uint32_t { kPlain = 0, kRuns8 = 1, kRuns4 = 2, kMasks = 3, kAlphaMasks = 6 };

using Colour = std::array<uint8_t, 3>;

struct BmpHeader {
  int64_t width = 0, height = 0;
  bool top_down = false;
  uint32_t bits = 0, compression = kPlain;
  std::array<uint32_t, 3> masks{};  // red, green, blue, of 16 and 32 bits
  std::vector<Colour> palette;      // of up to 8 bits: one for each value
  bool grey = false;                // the palette has greys alone
  size_t start = 0;                 // of the pixels
};

uint32_t number(std::string_view bytes, size_t at, size_t width) {
  uint32_t value = 0;
  for (size_t i = width; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

// What reads a header; the reason when it cannot.
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view bytes) : bytes_(bytes) {}

  BmpHeader read() {
    if (!has(0, kFileHeader + 4)) return {};
    size_ = number(bytes_, kFileHeader, 4);
    if (size_ != kCoreHeader && (size_ < 40 || size_ > 124)) {
      problem_ = fmt::format("its header has {} bytes", size_);
      return {};
    }
    if (!has(kFileHeader, size_)) return {};
    header_.start = number(bytes_, 10, 4);
    if (size_ == kCoreHeader) {
      read_core();
    } else {
      read_info();
    }
    check_form();
    if (problem_.empty() && header_.bits <= 8) read_palette();
    if (problem_.empty() && header_.bits > 8) read_masks();
    return header_;
  }

  const std::string& problem() const { return problem_; }

 private:
  static constexpr size_t kFileHeader = 14;
  static constexpr size_t kCoreHeader = 12;

  bool has(size_t at, size_t count) {
    if (at <= bytes_.size() && count <= bytes_.size() - at) return true;
    problem_ = "the file ends early";
    return false;
  }

  void read_core() {
    header_.width = number(bytes_, kFileHeader + 4, 2);
    header_.height = number(bytes_, kFileHeader + 6, 2);
    header_.bits = number(bytes_, kFileHeader + 10, 2);
  }

  void read_info() {
    header_.width = static_cast<int32_t>(number(bytes_, kFileHeader + 4, 4));
    header_.height = static_cast<int32_t>(number(bytes_, kFileHeader + 8, 4));
    header_.top_down = header_.height < 0;
    header_.height = std::abs(header_.height);
    header_.bits = number(bytes_, kFileHeader + 14, 2);
    header_.compression = number(bytes_, kFileHeader + 16, 4);
    colours_ = number(bytes_, kFileHeader + 32, 4);
  }

  void check_form() {
    const uint32_t bits = header_.bits, compression = header_.compression;
    const bool of_palette = bits == 1 || bits == 4 || bits == 8;
    const bool deep = bits == 16 || bits == 24 || bits == 32;
    const bool known = compression == kPlain                                 ? of_palette || deep
                       : compression == kRuns8                               ? bits == 8
                       : compression == kRuns4                               ? bits == 4
                       : compression == kMasks || compression == kAlphaMasks ? deep
                                                                             : false;
    if (!known) problem_ = fmt::format("{} bits with compression {}", bits, compression);
  }

  void read_palette() {
    const size_t most = size_t{1} << header_.bits;
    const size_t count = colours_ == 0 ? most : std::min<size_t>(colours_, most);
    const size_t width = size_ == kCoreHeader ? 3 : 4;
    if (!has(kFileHeader + size_, count * width)) return;
    header_.palette.resize(most);  // black beyond the last
    header_.grey = true;
    for (size_t i = 0; i < count; ++i) {
      const size_t at = kFileHeader + size_ + i * width;
      for (size_t c = 0; c < 3; ++c) {
        header_.palette[i][c] = static_cast<uint8_t>(number(bytes_, at + 2 - c, 1));
      }
      const Colour& colour = header_.palette[i];
      header_.grey = header_.grey && colour[0] == colour[1] && colour[1] == colour[2];
    }
  }

  void read_masks() {
    constexpr std::array<uint32_t, 3> kBits5 = {0x7c00, 0x3e0, 0x1f};
    constexpr std::array<uint32_t, 3> kBits8 = {0xff0000, 0xff00, 0xff};
    header_.masks = header_.bits == 16 ? kBits5 : kBits8;
    if (header_.compression == kPlain) return;
    if (!has(kFileHeader + 40, 12)) return;  // behind the header of 40 bytes, part of longer ones
    for (size_t c = 0; c < 3; ++c) {
      const uint32_t mask = number(bytes_, kFileHeader + 40 + 4 * c, 4);
      const uint32_t ones = mask == 0 ? 0 : mask >> std::countr_zero(mask);
      const bool fits = header_.bits == 32 || mask >> header_.bits == 0;
      if (ones == 0 || (ones & (ones + 1)) != 0 || !fits) {
        problem_ = fmt::format("the mask of a colour is {:#x}", mask);
        return;
      }
      header_.masks[c] = mask;
    }
  }

  std::string_view bytes_;
  std::string problem_;
  BmpHeader header_;
  size_t size_ = 0;
  size_t colours_ = 0;  // that the header counts; 0 = all that the bits tell apart
};

[[noreturn]] void fail(const std::string& name, std::string_view reason) {
  throw_input(name, fmt::format("the BMP cannot be decoded: {}", reason),
              "a complete BMP of 1, 4, 8, 16, 24 or 32 bits", "save the image anew");
}

uint8_t channel_of(uint32_t value, uint32_t mask) {
  const int shift = std::countr_zero(mask);
  return static_cast<uint8_t>(uint64_t{(value & mask) >> shift} * 255 / (mask >> shift));
}

// Rows from the bottom up, each of whole 32-bit words; `put(row, column, value)` in file order.
template <class Put>
bool read_plain(std::string_view data, const BmpHeader& header, const Put& put) {
  const auto row_bytes = static_cast<size_t>((header.width * header.bits + 31) / 32 * 4);
  const auto used = static_cast<size_t>((header.width * header.bits + 7) / 8);
  for (int64_t row = 0; row < header.height; ++row) {
    if (data.size() < used) return false;
    for (int64_t x = 0; x < header.width; ++x) {
      if (header.bits < 8) {
        const auto bit = static_cast<uint32_t>(x) * header.bits;
        const uint32_t byte = number(data, bit / 8, 1);
        put(row, x, byte >> (8 - header.bits - bit % 8) & ((1U << header.bits) - 1));
      } else {
        put(row, x, number(data, static_cast<size_t>(x) * (header.bits / 8), header.bits / 8));
      }
    }
    data.remove_prefix(std::min(data.size(), row_bytes));  // the last may lack its padding
  }
  return true;
}

// (count, value) pairs; a count of 0 escapes: 0 = end of row, 1 = end, 2 = move, n = n values as
// they are, padded to 16 bits. What is passed over stays colour 0.
template <class Put>
bool read_runs(std::string_view data, const BmpHeader& header, const Put& put) {
  int64_t row = 0, x = 0;
  const bool nibbles = header.bits == 4;
  const auto put_next = [&](uint32_t value) {
    if (row < header.height && x < header.width) put(row, x, value);
    ++x;
  };
  const auto nibble = [](uint32_t byte, uint32_t i) { return i % 2 == 0 ? byte >> 4 : byte & 15; };
  while (row < header.height) {
    if (data.size() < 2) return false;
    const uint32_t count = number(data, 0, 1), value = number(data, 1, 1);
    data.remove_prefix(2);
    if (count > 0) {
      for (uint32_t i = 0; i < count; ++i) put_next(nibbles ? nibble(value, i) : value);
    } else if (value == 0) {
      ++row;
      x = 0;
    } else if (value == 1) {
      return true;
    } else if (value == 2) {
      if (data.size() < 2) return false;
      x += number(data, 0, 1);
      row += number(data, 1, 1);
      data.remove_prefix(2);
    } else {
      const size_t used = nibbles ? (value + 1) / 2 : value;
      if (data.size() < used) return false;
      for (uint32_t i = 0; i < value; ++i) {
        put_next(nibbles ? nibble(number(data, i / 2, 1), i) : number(data, i, 1));
      }
      data.remove_prefix(std::min(data.size(), used + used % 2));
    }
  }
  return true;
}

}  // namespace

int64_t bmp_channels(std::string_view bytes) {
  HeaderReader reader(bytes);
  const BmpHeader header = reader.read();
  if (!reader.problem().empty()) return 0;
  return header.grey ? 1 : 3;
}

ImageSize bmp_size(std::string_view bytes) {
  HeaderReader reader(bytes);
  const BmpHeader header = reader.read();
  if (!reader.problem().empty()) return {};
  return {header.width, header.height};
}

at::Tensor decode_bmp(std::string_view bytes, const std::string& name,
                      const DecodeOptions& options) {
  HeaderReader reader(bytes);
  const BmpHeader header = reader.read();
  if (!reader.problem().empty()) fail(name, reader.problem());
  check_image_size(header.width, header.height, name);
  if (header.start > bytes.size()) fail(name, "the file ends early");
  const std::string_view data = bytes.substr(header.start);
  const bool runs = header.compression == kRuns8 || header.compression == kRuns4;
  if (!runs &&
      static_cast<uint64_t>(header.width * header.height) * header.bits / 8 > data.size()) {
    fail(name, "the file ends early");  // before the pixels are allocated
  }
  const int64_t channels = header.grey ? 1 : 3;
  std::vector<uint8_t> pixels(static_cast<size_t>(header.width * header.height * channels));
  if (runs) {
    for (size_t p = 0; p < pixels.size(); ++p) pixels[p] = header.palette[0][p % channels];
  }
  const auto put = [&](int64_t row, int64_t x, uint32_t value) {
    const int64_t y = header.top_down ? row : header.height - 1 - row;
    uint8_t* to = &pixels[static_cast<size_t>((y * header.width + x) * channels)];
    for (int64_t c = 0; c < channels; ++c) {
      to[c] = header.bits <= 8 ? header.palette[value][c] : channel_of(value, header.masks[c]);
    }
  };
  const bool complete = runs ? read_runs(data, header, put) : read_plain(data, header, put);
  if (!complete) fail(name, "the file ends early");
  return to_planes({pixels.data(), header.height, header.width, channels}, options.channels);
}

}  // namespace maas
