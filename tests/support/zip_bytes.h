// Zip files byte by byte, right by default; every number can be made a lie.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace maas {

struct ZipRecord {
  std::string name = {}, bytes = {};
  std::string local_name = {};  // "" = name
  uint16_t method = 0, flags = 0;
  std::optional<uint32_t> crc = {}, size = {}, packed = {},
                          header = {};      // in the directory; none = right
  std::optional<uint32_t> local_size = {};  // in the local header
  std::string extra = {};                   // zip64 field of the directory
};

struct ZipLies {
  std::optional<uint16_t> count = {}, disk = {};
  std::optional<uint32_t> offset = {}, size = {};
  std::string before_end = {}, after_end = {}, comment = {};
};

template <class T>
std::string number(T value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof(T));
}

inline uint32_t crc_of(const std::string& bytes) {
  return static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

inline std::string zip_bytes(const std::vector<ZipRecord>& records, const ZipLies& lies = {}) {
  std::string file, directory;
  for (const ZipRecord& record : records) {
    const auto size = static_cast<uint32_t>(record.bytes.size());
    const auto start = static_cast<uint32_t>(file.size());
    const auto crc = record.crc.value_or(crc_of(record.bytes));
    const std::string& local = record.local_name.empty() ? record.name : record.local_name;
    const std::string kinds = number(record.flags) + number(record.method) + number(uint32_t{0});
    file += "PK\3\4" + number(uint16_t{20}) + kinds + number(crc) +
            number(record.local_size.value_or(size)) + number(record.local_size.value_or(size)) +
            number(static_cast<uint16_t>(local.size())) + number(uint16_t{0}) + local +
            record.bytes;
    directory += "PK\1\2" + number(uint16_t{20}) + number(uint16_t{20}) + kinds + number(crc) +
                 number(record.packed.value_or(size)) + number(record.size.value_or(size)) +
                 number(static_cast<uint16_t>(record.name.size())) +
                 number(static_cast<uint16_t>(record.extra.size())) + std::string(10, '\0') +
                 number(record.header.value_or(start)) + record.name + record.extra;
  }
  const auto offset = static_cast<uint32_t>(file.size());
  const auto count = static_cast<uint16_t>(records.size());
  file += directory + lies.before_end;
  file += "PK\5\6" + number(lies.disk.value_or(0)) + number(uint16_t{0}) +
          number(lies.count.value_or(count)) + number(lies.count.value_or(count)) +
          number(lies.size.value_or(static_cast<uint32_t>(directory.size()))) +
          number(lies.offset.value_or(offset)) +
          number(static_cast<uint16_t>(lies.comment.size())) + lies.comment;
  return file + lies.after_end;
}

}  // namespace maas
