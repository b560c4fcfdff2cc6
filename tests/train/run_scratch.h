// A folder for one test, gone afterwards; in memory where there is such a place, since checkpoints
// are synced file by file.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace maas {

class RunScratch : public testing::Test {
 protected:
  RunScratch() {
    const std::filesystem::path memory = "/dev/shm";
    const bool usable = ::access(memory.c_str(), W_OK) == 0;
    const auto root = usable ? memory : std::filesystem::temp_directory_path();
    std::string pattern = (root / "maas_run_XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~RunScratch() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::filesystem::path folder_;
};

}  // namespace maas
