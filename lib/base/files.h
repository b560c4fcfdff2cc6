// Reading and writing files so that a crash leaves the old file or the new one, never half of one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace maas {

// The whole file. Throws Error: kInput when missing (suggesting a path that is nearly the same), a
// folder, or larger than `max_bytes` (checked before reading); kResources when not permitted.
std::string read_file(const std::filesystem::path& path, int64_t max_bytes = int64_t{1} << 32);

// Error{kUsage} for a device, a pipe, a socket, which a rename would replace; Error{kResources}
// for a folder that is not there, a name that is too long. To be asked before the work.
void check_replaceable(const std::filesystem::path& path);

// Writes beside `path` under a temporary name, fsyncs file and folder, renames. On any error the
// temporary is removed, `path` is as it was; Error{kResources} has path and cause, the final name.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

// The same for a writer that wants a path: `write(temporary)` creates the file.
void write_file_atomically(const std::filesystem::path& path,
                           const std::function<void(const std::filesystem::path&)>& write);

// fsync a file or a folder; throws Error{kResources}. A failed fsync is never retried.
void sync_to_disk(const std::filesystem::path& path);

// Lower-case hex SHA-256.
std::string sha256_hex(std::string_view bytes);
std::string sha256_hex_of_file(const std::filesystem::path& path);

// Whose memory a file's bytes are read in.
enum class FilePages {
  kShared,  // the file's own, shared by all processes that map it: whoever writes into the file
            // changes the bytes, and whoever cuts it short ends the process that reads them
  kOwn      // a copy: the bytes stay as they were when the file was opened
};

// A read-only view of a file that stays valid while the object lives. Throws like read_file;
// refuses what is not a regular file, and with kOwn, Error{kInput}, one that is cut short while it
// is read.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path, FilePages pages = FilePages::kShared);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const char* data() const { return data_; }
  uint64_t size_bytes() const { return size_; }
  std::string_view bytes() const { return {data_, size_}; }

 private:
  const char* data_ = nullptr;
  uint64_t size_ = 0;
};

}  // namespace maas
