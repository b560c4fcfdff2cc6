#include "data/idx.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/throw_error.h"
#include "data/gzip_reader.h"

namespace maas {
namespace {

constexpr uint64_t kMostBytes = uint64_t{1} << 36;
constexpr const char* kFetchAgain = "check that this is the right file and that it is complete";

uint32_t read_big_endian(GzipReader& reader, const std::string& name, const char* what) {
  std::array<uint8_t, 4> raw{};
  const uint64_t at = reader.offset();
  const uint64_t got = reader.read_some(raw.data(), raw.size());
  if (got != raw.size()) {
    throw_input(name, fmt::format("the file ends at byte {}, within {}", at + got, what),
                "an IDX header", kFetchAgain);
  }
  return uint32_t{raw[0]} << 24 | uint32_t{raw[1]} << 16 | uint32_t{raw[2]} << 8 | raw[3];
}

std::string allowed_magic(IdxRank rank) {
  std::string text = fmt::format("0x{:08x}", 0x0800 + rank.lowest);
  if (rank.highest > rank.lowest) text += fmt::format(" to 0x{:08x}", 0x0800 + rank.highest);
  return fmt::format("{} (unsigned bytes, {} dimension{})", text,
                     rank.lowest == rank.highest ? fmt::format("{}", rank.lowest)
                                                 : fmt::format("{}-{}", rank.lowest, rank.highest),
                     rank.highest == 1 ? "" : "s");
}

int read_magic(GzipReader& reader, const std::string& name, IdxRank rank) {
  const uint32_t magic = read_big_endian(reader, name, "the magic number");
  const int dimensions = static_cast<int>(magic & 0xff);
  if (magic >> 8 != 0x08 || dimensions < rank.lowest || dimensions > rank.highest) {
    throw_input(name, fmt::format("the magic number at byte 0 is 0x{:08x}", magic),
                allowed_magic(rank), "check that images and labels are not swapped");
  }
  return dimensions;
}

}  // namespace

at::Tensor decode_idx(std::string_view bytes, const std::string& name, IdxRank rank) {
  GzipReader reader(bytes, name);
  const int dimensions = read_magic(reader, name, rank);
  std::vector<int64_t> sizes;
  uint64_t total = 1;
  for (int d = 0; d < dimensions; ++d) {
    const uint64_t at = reader.offset();
    const uint32_t size = read_big_endian(reader, name, "the sizes");
    // The bound holds for one image, too, when there are none: tensors refuse sizes that overflow.
    if ((size == 0 && d > 0) ||
        __builtin_mul_overflow(total, uint64_t{std::max(size, 1U)}, &total) || total > kMostBytes) {
      throw_input(name, fmt::format("size {} of dimension {} at byte {}", size, d + 1, at),
                  fmt::format("1 or more, and at most {} bytes in all", kMostBytes), kFetchAgain);
    }
    sizes.push_back(size);
  }
  if (sizes[0] == 0) total = 0;
  const uint64_t start = reader.offset();
  const uint64_t possible = reader.most_bytes_left();
  if (total > possible) {
    throw_input(name,
                fmt::format("announces {} bytes of data from byte {}, but at most {} can follow",
                            total, start, possible),
                fmt::format("sizes {} to fit the file", fmt::join(sizes, " x ")), kFetchAgain);
  }
  at::Tensor out = at::empty(sizes, at::kByte);
  const uint64_t got = total == 0 ? 0 : reader.read_some(out.mutable_data_ptr(), total);
  if (got != total) {
    throw_input(name, fmt::format("the data ends at byte {}", start + got),
                fmt::format("{} bytes ({})", start + total, fmt::join(sizes, " x ")), kFetchAgain);
  }
  if (!reader.at_end()) {
    throw_input(name, fmt::format("there is more data at byte {}", start + total),
                fmt::format("the end of the file after {}", fmt::join(sizes, " x ")), kFetchAgain);
  }
  return out;
}

}  // namespace maas
