#include "base/disk_error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <system_error>

#include "support/scratch.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

Error told(int error) {
  return disk_error(
      fs::filesystem_error("status", "some/file", std::error_code(error, std::generic_category())));
}

TEST(DiskError, NamesThePathTheReasonAndAFix) {
  const Scratch scratch;
  fs::create_symlink("loop", scratch.path("loop"));
  try {
    (void)fs::is_directory(scratch.path("loop"));
    FAIL() << "a loop was followed";
  } catch (const fs::filesystem_error& error) {
    const Error said = disk_error(error);
    EXPECT_EQ(said.kind(), ErrorKind::kInput);
    EXPECT_EQ(said.first().where, scratch.path("loop"));
    EXPECT_EQ(said.first().what, "cannot be used: Too many levels of symbolic links");
    EXPECT_EQ(said.first().fix, "mend the symbolic link, which leads back to itself");
  }
}

TEST(DiskError, IsOfTheInputWhereThePathLeadsNowhereElseOfResources) {
  for (const int error : {ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG}) {
    EXPECT_EQ(told(error).kind(), ErrorKind::kInput) << error;
  }
  for (const int error : {EACCES, EROFS, ENOSPC, EIO}) {
    EXPECT_EQ(told(error).kind(), ErrorKind::kResources) << error;
  }
  EXPECT_EQ(told(EACCES).first().fix, "check the permissions");
  EXPECT_EQ(told(EIO).first().fix, "check the path");
}

}  // namespace
}  // namespace maas
