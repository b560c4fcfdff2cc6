// A folder for the files of one test, removed afterwards; and makers of small inputs.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"

namespace maas {

class Scratch {
 public:
  Scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "maas-data-XXXXXX").string();
    root_ = mkdtemp(pattern.data());
  }
  ~Scratch() { std::filesystem::remove_all(root_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::string path(const std::string& name) const { return (root_ / name).string(); }
  std::string write(const std::string& name, const std::string& bytes) const {
    std::filesystem::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name, std::ios::binary) << bytes;
    return path(name);
  }

 private:
  std::filesystem::path root_;
};

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

// The text of the Error that `act` throws, of the kind given; fails the test when there is none.
inline std::string error_of(const std::function<void()>& act, ErrorKind kind = ErrorKind::kInput) {
  try {
    act();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error was thrown";
  return "";
}

}  // namespace maas
