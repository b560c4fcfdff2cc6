// A file that only grows, by whole records: what a failed write leaves is cut off again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace maas {

enum class OpenAs { kNew, kEmptied, kContinued };  // must not exist | made empty | kept

class AppendFile {
 public:
  // Throws Error{kResources} naming the path and the cause.
  AppendFile(const std::filesystem::path& path, OpenAs how);
  AppendFile(AppendFile&& other) noexcept;
  AppendFile& operator=(AppendFile&&) = delete;
  ~AppendFile();

  // All of `bytes`, or none of them and false (a full disk, say).
  bool append(std::string_view bytes) noexcept;

 private:
  int descriptor_ = -1;
  int64_t size_ = 0;  // bytes of whole records
};

}  // namespace maas
