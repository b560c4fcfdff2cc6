// The directory of a zip file: where its entries lie. Knows nothing of PyTorch.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace maas {

struct ZipEntry {
  std::string name;
  uint64_t header = 0;    // where the local header starts
  uint64_t data = 0;      // where the bytes start
  uint64_t packed = 0;    // how many there are
  uint64_t size = 0;      // how many there would be unpacked; a claim
  uint32_t crc = 0;       // CRC-32 of those
  bool stored = false;    // neither compressed nor encrypted: packed == size
  bool deflated = false;  // compressed by method 8 (RFC 1951), not encrypted
};

// The entries in the order of the directory. Everything that the file says twice must agree, and
// nothing may lie outside of it. Throws Error{kInput} naming `where` and the entry for: no end
// record, bytes behind it, several disks; a directory that is longer or shorter than it claims or
// does not end where the end record starts; entries that overlap, reach past the directory, share a
// name, or differ from their local headers; names that are empty, absolute, hold "..", a backslash,
// a control character, or an empty part. Zip64 is read.
// Allocates what the directory's own bytes pay for, nothing by the sizes that it claims.
std::vector<ZipEntry> read_zip_directory(std::string_view bytes, const std::string& where);

}  // namespace maas
