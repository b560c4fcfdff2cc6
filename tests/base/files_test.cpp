#include "base/files.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/new_file.h"
#include "support/full_disk.h"
#include "support/scratch.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(ReadFile, GivesEveryByteAlsoOfAnEmptyFile) {
  const Scratch scratch;
  const std::string bytes("a\0\n\xff", 4);
  EXPECT_EQ(read_file(scratch.write("some", bytes)), bytes);
  EXPECT_EQ(read_file(scratch.write("none", "")), "");
}

TEST(ReadFile, NamesAMissingFileAndOneThatIsNearlyCalledSo) {
  const Scratch scratch;
  scratch.write("runs/mnist_mlp/model.pt", "");
  const std::string path = scratch.path("runs/mnist_mlp/modle.pt");
  EXPECT_THAT(error_of([&] { read_file(path); }),
              AllOf(HasSubstr(path + ": cannot open: No such file"),
                    HasSubstr("did you mean '" + scratch.path("runs/mnist_mlp/model.pt") + "'?")));
  EXPECT_THAT(error_of([&] { read_file(scratch.path("runs/mnist_mpl/model.pt")); }),
              HasSubstr("did you mean '" + scratch.path("runs/mnist_mlp/model.pt") + "'?"));
  EXPECT_THAT(error_of([&] { read_file(scratch.path("nothing/like/it")); }),
              Not(HasSubstr("did you mean")));
}

TEST(ReadFile, RefusesFoldersAndPipesWithoutWaiting) {
  const Scratch scratch;
  EXPECT_THAT(error_of([&] { read_file(scratch.path("")); }),
              AllOf(HasSubstr("is a folder"), HasSubstr("expected a file")));
  ASSERT_EQ(::mkfifo(scratch.path("pipe").c_str(), 0600), 0);
  EXPECT_THAT(error_of([&] { read_file(scratch.path("pipe")); }),
              HasSubstr("is not a regular file"));
}

TEST(ReadFile, ChecksTheSizeBeforeItReads) {
  const Scratch scratch;
  const std::string path = scratch.write("large", "");
  ASSERT_EQ(::truncate(path.c_str(), int64_t{1} << 40), 0);
  EXPECT_THAT(error_of([&] { read_file(path, 1000); }),
              AllOf(HasSubstr("1099511627776 bytes"), HasSubstr("at most 1000")));
}

TEST(ReadFile, SaysThatItIsNotPermitted) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const Scratch scratch;
  const std::string path = scratch.write("secret", "x");
  ASSERT_EQ(::chmod(path.c_str(), 0), 0);
  EXPECT_THAT(error_of([&] { read_file(path); }, ErrorKind::kResources),
              AllOf(HasSubstr("Permission denied"), HasSubstr("check the permissions")));
}

TEST(WriteFileAtomically, LeavesTheNewBytesAndNothingElse) {
  const Scratch scratch;
  write_file_atomically(scratch.path("a"), "one");
  write_file_atomically(scratch.path("a"), "two");
  EXPECT_EQ(scratch.read("a"), "two");
  EXPECT_EQ(scratch.entries(), 1);
}

TEST(WriteFileAtomically, LeavesAPipeInPlace) {
  const Scratch scratch;
  ASSERT_EQ(::mkfifo(scratch.path("pipe").c_str(), 0600), 0);
  EXPECT_THAT(
      error_of([&] { write_file_atomically(scratch.path("pipe"), "x"); }, ErrorKind::kUsage),
      HasSubstr("is no regular file"));
  EXPECT_TRUE(std::filesystem::is_fifo(scratch.path("pipe")));
}

TEST(WriteFileAtomically, KeepsTheOldFileWhenTheDiskIsFull) {
  const Scratch scratch;
  write_file_atomically(scratch.path("a"), "old");
  {
    const FullDisk disk(100);
    EXPECT_THAT(error_of([&] { write_file_atomically(scratch.path("a"), std::string(1000, 'x')); },
                         ErrorKind::kResources),
                HasSubstr(scratch.path("a") + ": cannot write"));
  }
  EXPECT_EQ(scratch.read("a"), "old");
  EXPECT_EQ(scratch.entries(), 1);
}

TEST(WriteFileAtomically, KeepsTheOldFileWhenTheWriterThrows) {
  const Scratch scratch;
  write_file_atomically(scratch.path("a"), "old");
  const auto write = [](const std::filesystem::path& temporary) {
    std::ofstream(temporary) << "half";
    throw std::runtime_error("enough");
  };
  EXPECT_THROW(write_file_atomically(scratch.path("a"), write), std::runtime_error);
  EXPECT_EQ(scratch.read("a"), "old");
  EXPECT_EQ(scratch.entries(), 1);
}

TEST(WriteFileAtomically, SaysThatTheFolderIsMissing) {
  const Scratch scratch;
  const std::string path = scratch.path("no/such");
  EXPECT_THAT(error_of([&] { write_file_atomically(path, "x"); }, ErrorKind::kResources),
              AllOf(HasSubstr(path + ": cannot create: " + scratch.path("no") + " does not exist"),
                    HasSubstr("an existing folder"), HasSubstr("mkdir -p " + scratch.path("no")),
                    Not(HasSubstr(".tmp-"))));
  scratch.write("no", "a file");
  EXPECT_THAT(error_of([&] { write_file_atomically(path, "x"); }, ErrorKind::kResources),
              AllOf(HasSubstr(scratch.path("no") + " is no folder"), Not(HasSubstr("mkdir"))));
}

TEST(WriteFileAtomically, SpeaksOfTheFinalName) {
  const Scratch scratch;
  const auto write = [](const std::filesystem::path& temporary) {
    NewFile file(temporary);
    const FullDisk disk(10);
    file.write(std::string(1000, 'x'));
  };
  EXPECT_THAT(
      error_of([&] { write_file_atomically(scratch.path("a"), write); }, ErrorKind::kResources),
      AllOf(HasSubstr(scratch.path("a") + ": cannot write"), Not(HasSubstr(".tmp-"))));
  EXPECT_EQ(scratch.entries(), 0);
}

TEST(WriteFileAtomically, TakesANameAsLongAsTheDiskTakes) {
  const Scratch scratch;
  write_file_atomically(scratch.path(std::string(255, 'n')), "x");
  EXPECT_EQ(scratch.read(std::string(255, 'n')), "x");
  EXPECT_THAT(error_of([&] { write_file_atomically(scratch.path(std::string(256, 'n')), "x"); },
                       ErrorKind::kResources),
              AllOf(HasSubstr("File name too long"), HasSubstr("a shorter name")));
  EXPECT_EQ(scratch.entries(), 1);
}

TEST(WriteFileAtomically, RefusesToReplaceAFolder) {
  const Scratch scratch;
  scratch.write("folder/file", "x");
  EXPECT_THAT(
      error_of([&] { write_file_atomically(scratch.path("folder"), "x"); }, ErrorKind::kResources),
      HasSubstr("cannot rename into"));
  EXPECT_EQ(scratch.read("folder/file"), "x");
  EXPECT_EQ(scratch.entries(), 1);
}

TEST(Sha256, IsTheOneOfTheStandard) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const Scratch scratch;
  EXPECT_EQ(sha256_hex_of_file(scratch.write("a", "abc")), sha256_hex("abc"));
  EXPECT_EQ(sha256_hex_of_file(scratch.write("b", "")), sha256_hex(""));
}

TEST(MappedFile, ShowsTheBytesOfTheFile) {
  const Scratch scratch;
  const MappedFile file(scratch.write("a", "some bytes"));
  EXPECT_EQ(file.bytes(), "some bytes");
  EXPECT_EQ(file.size_bytes(), 10U);
  EXPECT_EQ(MappedFile(scratch.write("b", "")).bytes(), "");
  EXPECT_THAT(error_of([&] { MappedFile folder(scratch.path("")); }), HasSubstr("is a folder"));
}

}  // namespace
}  // namespace maas
