#include "tensor/zip_directory.h"

#include <gmock/gmock.h>

#include "support/scratch.h"
#include "support/zip_bytes.h"

namespace maas {
namespace {

using testing::HasSubstr;

std::string refusal(const std::string& bytes) {
  return error_of([&] { read_zip_directory(bytes, "net.pt2"); });
}
std::string refusal_of(const ZipRecord& record) { return refusal(zip_bytes({record})); }

TEST(ZipDirectory, FindsTheBytesOfEveryEntry) {
  const std::string file = zip_bytes({{.name = "a/x", .bytes = "hello"}, {.name = "a/y"}});
  const auto entries = read_zip_directory(file, "net.pt2");
  ASSERT_EQ(entries.size(), 2);
  EXPECT_EQ(entries[0].name, "a/x");
  EXPECT_EQ(file.substr(entries[0].data, entries[0].size), "hello");
  EXPECT_EQ(entries[1].size, 0);
}

TEST(ZipDirectory, RefusesAnythingCutShort) {
  const std::string file = zip_bytes({{.name = "a/x", .bytes = "hello"}});
  for (size_t length = 0; length < file.size(); ++length) {
    EXPECT_THAT(refusal(file.substr(0, length)), HasSubstr("net.pt2: found ")) << length;
  }
}

TEST(ZipDirectory, RefusesBytesBehindTheEndRecord) {
  EXPECT_THAT(refusal(zip_bytes({{.name = "a/x"}}, {.after_end = "tail"})),
              HasSubstr("found 4 bytes behind the end record"));
}

TEST(ZipDirectory, TakesTheEndRecordsOwnComment) {
  EXPECT_EQ(read_zip_directory(zip_bytes({{.name = "a/x"}}, {.comment = "hi"}), "").size(), 1);
}

TEST(ZipDirectory, RefusesADirectoryThatIsElsewhere) {
  const ZipRecord record{.name = "a/x", .bytes = "hello"};
  EXPECT_THAT(refusal(zip_bytes({record}, {.offset = 0xfffffff0})),
              HasSubstr("a directory of 49 bytes at byte 4294967280, and its end at byte 87"));
  EXPECT_THAT(refusal(zip_bytes({record}, {.size = 0x7fffffff})),
              HasSubstr("a directory of 2147483647 bytes at byte 38"));
  EXPECT_THAT(refusal(zip_bytes({record}, {.before_end = "gap"})),
              HasSubstr("a directory of 49 bytes at byte 38, and its end at byte 90"));
}

TEST(ZipDirectory, RefusesACountThatTheDirectoryDoesNotHold) {
  const ZipRecord record{.name = "a/x"};
  EXPECT_THAT(refusal(zip_bytes({record}, {.count = 65535})),
              HasSubstr("claims 65535 entries in 49 bytes"));
  EXPECT_THAT(refusal(zip_bytes({record, {.name = "a/y"}}, {.count = 1})),
              HasSubstr("49 bytes behind the directory's 1 entries"));
  EXPECT_THAT(refusal(zip_bytes({record}, {.disk = 1})), HasSubstr("several disks"));
}

TEST(ZipDirectory, RefusesSizesPastTheEnd) {
  const std::string text =
      refusal_of({.name = "a/x", .bytes = "hello", .size = 0xfffffffe, .packed = 0xfffffffe});
  EXPECT_THAT(text, HasSubstr("record 'a/x' spans 4294967294 bytes from byte 33"));
  EXPECT_THAT(text, HasSubstr("an end before the directory at byte 38"));
}

TEST(ZipDirectory, RefusesAnEntryThatStartsNowhere) {
  EXPECT_THAT(refusal_of({.name = "a/x", .header = 7}), HasSubstr("record 'a/x' starts at byte 7"));
  EXPECT_THAT(refusal_of({.name = "a/x", .header = 0xfffffffe}),
              HasSubstr("record 'a/x' starts at byte 4294967294"));
}

TEST(ZipDirectory, RefusesNamesThatLeadOutOfTheFolder) {
  for (const std::string name :
       {"../x", "a/../../x", "/etc/passwd", "a\\x", "a//x", "./x", "a/.", "..", "", "a\nb"}) {
    EXPECT_THAT(refusal_of({.name = name}), HasSubstr("a plain relative name")) << name;
  }
  EXPECT_THAT(refusal_of({.name = std::string("a/x\0y", 5)}), HasSubstr("a plain relative name"));
}

TEST(ZipDirectory, RefusesTwoEntriesOfOneName) {
  EXPECT_THAT(refusal(zip_bytes({{.name = "a/x", .bytes = "1"}, {.name = "a/x", .bytes = "2"}})),
              HasSubstr("two records named 'a/x'; expected one"));
}

TEST(ZipDirectory, RefusesEntriesThatOverlap) {
  // The second entry's local header lies inside the first one's bytes.
  const std::string inner = zip_bytes({{.name = "a/y", .bytes = "2"}});
  const std::string local = inner.substr(0, 34);
  const std::string file =
      zip_bytes({{.name = "a/x", .bytes = local}, {.name = "a/y", .bytes = "2", .header = 33}});
  EXPECT_THAT(refusal(file), HasSubstr("records 'a/x' and 'a/y' overlap at byte 33"));
}

TEST(ZipDirectory, RefusesALocalHeaderThatSaysSomethingElse) {
  const auto differs = HasSubstr("record 'a/x' differs from its local header at byte 0");
  EXPECT_THAT(refusal_of({.name = "a/x", .local_name = "a/y"}), differs);
  EXPECT_THAT(refusal_of({.name = "a/x", .bytes = "hello", .local_size = 4}), differs);
}

TEST(ZipDirectory, TellsStoredEntriesFromCompressedOnes) {
  const ZipRecord packed{.name = "a/x", .bytes = "hello", .method = 8};
  EXPECT_FALSE(read_zip_directory(zip_bytes({packed}), "")[0].stored);
  EXPECT_FALSE(read_zip_directory(zip_bytes({{.name = "a/x", .flags = 1}}), "")[0].stored);
  EXPECT_THAT(refusal_of({.name = "a/x", .bytes = "hello", .size = 0xffff}),
              HasSubstr("record 'a/x' has 65535 bytes stored as 5; expected one number"));
}

std::string zip64_field(const std::vector<uint64_t>& numbers) {
  std::string field = number(uint16_t{1}) + number(static_cast<uint16_t>(numbers.size() * 8));
  for (const uint64_t n : numbers) field += number(n);
  return field;
}

TEST(ZipDirectory, ReadsSizesOfZip64) {
  const ZipRecord record{.name = "a/x",
                         .bytes = "hello",
                         .size = 0xffffffff,
                         .packed = 0xffffffff,
                         .extra = zip64_field({5, 5})};
  EXPECT_EQ(read_zip_directory(zip_bytes({record}), "")[0].size, 5);
}

TEST(ZipDirectory, RefusesZip64SizesBeyondTheFile) {
  ZipRecord record{.name = "a/x",
                   .bytes = "hello",
                   .size = 0xffffffff,
                   .packed = 0xffffffff,
                   .extra = zip64_field({uint64_t{1} << 32, uint64_t{1} << 32})};
  EXPECT_THAT(refusal_of(record), HasSubstr("record 'a/x' spans 4294967296 bytes"));
  record.extra = zip64_field({UINT64_MAX, UINT64_MAX});
  EXPECT_THAT(refusal_of(record), HasSubstr("record 'a/x' spans 18446744073709551615 bytes"));
  record.extra = zip64_field({5});
  EXPECT_THAT(refusal_of(record), HasSubstr("record 'a/x' has a broken zip64 field"));
  record.extra.clear();
  EXPECT_THAT(refusal_of(record), HasSubstr("record 'a/x' has a broken zip64 field"));
}

TEST(ZipDirectory, RefusesAZip64EndRecordThatIsNotThere) {
  const std::string locator =
      "PK\6\7" + number(uint32_t{0}) + number(UINT64_MAX - 3) + number(uint32_t{1});
  EXPECT_THAT(refusal(zip_bytes({{.name = "a/x"}}, {.before_end = locator})),
              HasSubstr("a zip64 end record that is not there"));
}

}  // namespace
}  // namespace maas
