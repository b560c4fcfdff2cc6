// A file being written from its start: says when the disk refuses, also at close()
#pragma once

#include <filesystem>
#include <string_view>

namespace maas {

// Created, or emptied where it exists. Network disks tell of a full disk as late as at close(), so
// call it before the file counts as written. Throws Error{kResources} naming path and cause.
class NewFile {
 public:
  explicit NewFile(std::filesystem::path path);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(std::string_view bytes);
  void close();

 private:
  [[noreturn]] void fail(const char* doing, int error) const;

  std::filesystem::path path_;
  int fd_;
};

}  // namespace maas
