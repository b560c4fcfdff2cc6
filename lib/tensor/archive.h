// PT2 archives: zip files whose tensors are stored, not compressed, so that they can be mapped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"

namespace maas {

// Reads a zip on a mapped file. The reader is our own because libtorch's copies records, inflates
// compressed ones without bound and accepts duplicates. Refused, with Error{kInput} naming file and
// record: what tensor/zip_directory.h refuses, and records outside of one top folder; when a record
// is read: encryption, other compression than deflate, one that unpacks to more than
// kMostUnpackedBytes or than deflate can make of its bytes, a CRC-32 mismatch.
class ArchiveReader {
 public:
  explicit ArchiveReader(const std::filesystem::path& path, FilePages pages = FilePages::kShared);

  // Names without the top folder that PyTorch puts around all records.
  std::vector<std::string> names() const;
  bool has(const std::string& name) const { return records_.count(name) != 0; }
  // The record's bytes, checked against its CRC-32 on first use; valid while `file()` is held, of a
  // compressed record while this reader lives.
  // Throws Error{kInput} if there is no such record.
  std::string_view record(const std::string& name) const;
  // Reads every record once, so that damage is found now. O(bytes).
  void check_records() const;

  const std::string& path() const { return path_; }
  std::shared_ptr<const MappedFile> file() const { return file_; }

 private:
  struct Record {
    uint64_t offset = 0, packed = 0, size = 0;
    uint32_t crc = 0;
    bool stored = true, deflated = false;
    mutable bool checked = false;
    mutable std::string unpacked;
  };
  void read_directory();
  void inflate(const std::string& name, const Record& record) const;
  [[noreturn]] void fail(const std::string& what, const std::string& expected) const;

  std::string path_;
  std::shared_ptr<const MappedFile> file_;
  std::map<std::string, Record> records_;
};

// A compressed record holds text; nothing larger is unpacked.
inline constexpr uint64_t kMostUnpackedBytes = uint64_t{256} << 20;

// Writes such a file under the top folder "archive": tensors stored and 64-byte aligned, the text
// around them (.json, the sample inputs) deflated, as it would be the larger part of a small model.
// `write` hands records to the given function; the file appears atomically at the end.
using PutRecord = std::function<void(const std::string& name, std::string_view bytes)>;
void write_archive(const std::filesystem::path& path,
                   const std::function<void(const PutRecord&)>& write);

// The same into memory.
std::string archive_bytes(const std::function<void(const PutRecord&)>& write);

// For writers of libtorch, which finish the file in their destructors, where a write that fails
// would end the process: `write` gets a sink that always tells of success; what the disk refused is
// Error{kResources} at the end, at `shown`. Writes `path` in place (callers rename).
using Sink = std::function<size_t(const void* data, size_t bytes)>;
void write_through(const std::filesystem::path& path, const std::filesystem::path& shown,
                   const std::function<void(const Sink&)>& write);

}  // namespace maas
