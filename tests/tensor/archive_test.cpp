#include "tensor/archive.h"

#include <gmock/gmock.h>

#include "support/full_disk.h"
#include "support/scratch.h"
#include "support/zip_bytes.h"

namespace maas {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;

class Archive : public testing::Test {
 protected:
  ArchiveReader read(const std::vector<ZipRecord>& records) {
    return ArchiveReader(scratch_.write("net.pt2", zip_bytes(records)));
  }
  std::string refusal(const std::vector<ZipRecord>& records) {
    return error_of([&] { read(records).check_records(); });
  }
  Scratch scratch_;
};

TEST_F(Archive, GivesRecordsWithoutTheirTopFolder) {
  const ArchiveReader archive = read({{.name = "net/"}, {.name = "net/a/b", .bytes = "hello"}});
  EXPECT_THAT(archive.names(), ElementsAre("a/b"));
  EXPECT_EQ(archive.record("a/b"), "hello");
}

TEST_F(Archive, ReadsWhatItWrites) {
  const std::string path = scratch_.path("net.pt2");
  write_archive(path, [](const PutRecord& put) {
    put("one", "first");
    put("two", "");
  });
  const ArchiveReader archive(path);
  EXPECT_NO_THROW(archive.check_records());
  EXPECT_EQ(archive.record("one"), "first");
  EXPECT_EQ(archive.record("two"), "");
  EXPECT_EQ((archive.record("one").data() - archive.file()->data()) % 64, 0);
}

TEST_F(Archive, NamesTheRecordThatIsNotThere) {
  EXPECT_THAT(error_of([&] { read({{.name = "net/a"}}).record("b"); }), HasSubstr("no record 'b'"));
}

TEST_F(Archive, RefusesRecordsOutsideOfOneTopFolder) {
  EXPECT_THAT(refusal({{.name = "a"}}), HasSubstr("record 'a'; expected one top folder"));
  EXPECT_THAT(refusal({{.name = "a/x"}, {.name = "b/x"}}),
              HasSubstr("record 'b/x'; expected all records under 'a/'"));
}

TEST_F(Archive, DeflatesTextAndReadsItBack) {
  const std::string text(10000, 'x');
  const std::string path = scratch_.path("net.pt2");
  write_archive(path, [&](const PutRecord& put) {
    put("models/model.json", text);
    put("weights", text);
  });
  const ArchiveReader archive(path);
  EXPECT_EQ(archive.record("models/model.json"), text);
  EXPECT_EQ(archive.record("weights"), text);
  EXPECT_LT(archive.file()->size_bytes(), 12000U);
}

TEST_F(Archive, RefusesWhatDoesNotUnpackToWhatItClaims) {
  EXPECT_THAT(refusal({{.name = "a/x", .bytes = "hello", .method = 8}}),
              HasSubstr("record 'x' does not unpack to its 5 bytes"));
  const std::string empty_block("\x03\x00", 2);  // deflate's way to say nothing
  EXPECT_THAT(refusal({{.name = "a/x", .bytes = empty_block, .method = 8}}),
              HasSubstr("record 'x' does not unpack to its 2 bytes"));
}

TEST_F(Archive, RefusesAClaimBeforeAnythingIsAllocated) {
  EXPECT_THAT(refusal({{.name = "a/x",
                        .bytes = "hello",
                        .method = 8,
                        .size = 0xfffffff0,
                        .packed = 5,
                        .local_size = 0xfffffff0}}),
              AnyOf(HasSubstr("claims 4294967280 bytes in 5"), HasSubstr("local header")));
}

TEST_F(Archive, RefusesEncryptionAndOtherCompression) {
  for (const ZipRecord& record :
       {ZipRecord{.name = "a/x", .flags = 1}, ZipRecord{.name = "a/x", .method = 12},
        ZipRecord{.name = "a/x", .method = 8, .flags = 1}}) {
    EXPECT_THAT(refusal({record}),
                HasSubstr("record 'x' is encrypted, or compressed by another method"));
  }
}

TEST_F(Archive, NamesTheRecordWhoseBytesChanged) {
  const std::string text = refusal({{.name = "a/x", .bytes = "hello", .crc = 0x3610a687}});
  EXPECT_THAT(text, HasSubstr("record 'x' has CRC-32 3610a686; expected 3610a687"));
}

TEST_F(Archive, LeavesNothingBehindWhenItsWriterThrows) {
  const std::string path = scratch_.path("net.pt2");
  EXPECT_THROW(write_archive(path,
                             [](const PutRecord& put) {
                               put("one", "first");
                               throw Error(ErrorKind::kInput, Problem{});
                             }),
               Error);
  EXPECT_TRUE(std::filesystem::is_empty(std::filesystem::path(path).parent_path()));
}

// Cut short at many places: in a record, between records, in the directory.
TEST_F(Archive, SaysThatTheDiskIsFullAndLeavesTheOldFile) {
  const std::string path = scratch_.write("net.pt2", "old");
  const auto write = [&] {
    write_archive(path, [](const PutRecord& put) {
      for (const char* name : {"one", "two"}) put(name, std::string(20'000, 'x'));
    });
  };
  for (rlim_t room = 0; room < 41'000; room += room < 100 ? 33 : 1500) {
    const FullDisk full(room);
    const std::string text = error_of(write, ErrorKind::kResources);
    EXPECT_THAT(text, HasSubstr("net.pt2: cannot write: File too large")) << room;
  }
  EXPECT_EQ(scratch_.read("net.pt2"), "old");
  EXPECT_EQ(scratch_.entries(), 1);
  EXPECT_NO_THROW(write());
}

}  // namespace
}  // namespace maas
