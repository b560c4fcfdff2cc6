#include "sample/tiff_directory.h"

namespace maas {
namespace {

// Numbers of either byte order; 0 beyond the end, which no caller takes for an answer.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes), little_(bytes.starts_with("II")) {}

  uint64_t at(uint64_t offset, uint64_t width) const {
    if (offset > bytes_.size() || width > bytes_.size() - offset) return 0;
    uint64_t value = 0;
    for (uint64_t i = 0; i < width; ++i) {
      const uint64_t from = offset + (little_ ? width - 1 - i : i);
      value = value << 8 | static_cast<unsigned char>(bytes_[from]);
    }
    return value;
  }

 private:
  std::string_view bytes_;
  bool little_;
};

constexpr uint64_t kClassic = 42, kBig = 43;  // the number after the byte order

uint64_t version_of(std::string_view bytes) {
  if (!bytes.starts_with("II") && !bytes.starts_with("MM")) return 0;
  return Bytes(bytes).at(2, 2);
}

}  // namespace

bool is_tiff(std::string_view bytes) {
  const uint64_t version = version_of(bytes);
  return version == kClassic || version == kBig;
}

std::optional<int64_t> tiff_number(std::string_view tiff, TiffTag tag) {
  if (!is_tiff(tiff)) return {};
  const Bytes bytes(tiff);
  const bool big = version_of(tiff) == kBig;
  const uint64_t word = big ? 8 : 4;         // bytes of an offset, a count, a value in place
  const uint64_t counted = big ? 8 : 2;      // bytes of the number of entries
  const uint64_t entry_size = 4 + 2 * word;  // tag, type, count, value
  const uint64_t start = bytes.at(big ? 8 : 4, word);
  if (start < 8 || start > tiff.size()) return {};
  const uint64_t entries = bytes.at(start, counted);
  for (uint64_t i = 0, at = start + counted; i < entries && at < tiff.size(); ++i) {
    if (bytes.at(at, 2) == static_cast<uint64_t>(tag)) {
      const uint64_t type = bytes.at(at + 2, 2);
      const uint64_t width = type == 1 ? 1 : type == 3 ? 2 : type == 4 ? 4 : 0;
      if (width == 0 || bytes.at(at + 4, word) != 1) return {};
      return static_cast<int64_t>(bytes.at(at + 4 + word, width));
    }
    at += entry_size;
  }
  return {};
}

}  // namespace maas
