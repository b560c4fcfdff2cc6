// A folder for one test, gone afterwards.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace maas {

class RunScratch : public testing::Test {
 protected:
  RunScratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "maas_run_XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~RunScratch() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::filesystem::path folder_;
};

}  // namespace maas
