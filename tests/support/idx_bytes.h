// IDX files of a few bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace maas {

inline std::string big_endian(uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
          static_cast<char>(value >> 8), static_cast<char>(value)};
}

// An IDX file of unsigned bytes.
inline std::string idx_bytes(const std::vector<uint32_t>& sizes, const std::string& data) {
  std::string bytes = big_endian(0x0800 + static_cast<uint32_t>(sizes.size()));
  for (const uint32_t size : sizes) bytes += big_endian(size);
  return bytes + data;
}

}  // namespace maas
