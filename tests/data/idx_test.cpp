#include "data/idx.h"

#include <gmock/gmock.h>
#include <zlib.h>

#include "data/gzip_reader.h"
#include "support/idx_bytes.h"
#include "support/scratch.h"

namespace maas {
namespace {

using testing::HasSubstr;

std::string gzipped(const std::string& plain) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, plain.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

constexpr IdxRank kImages{.lowest = 3, .highest = 4};

TEST(Idx, ReadsPlainAndGzippedBytesAlike) {
  const std::string bytes = idx_bytes({2, 2, 3}, "abcdefghijkl");
  for (const std::string& form : {bytes, gzipped(bytes)}) {
    const at::Tensor images = decode_idx(form, "x", kImages);
    ASSERT_EQ(images.sizes(), (std::vector<int64_t>{2, 2, 3}));
    EXPECT_EQ(images.const_data_ptr<uint8_t>()[11], 'l');
  }
}

TEST(Idx, NamesTheWrongMagic) {
  EXPECT_THAT(error_of([] { decode_idx(idx_bytes({3}, "abc"), "labels.gz", kImages); }),
              testing::AllOf(HasSubstr("labels.gz: the magic number at byte 0 is 0x00000801"),
                             HasSubstr("0x00000803 to 0x00000804"), HasSubstr("swapped")));
  EXPECT_THAT(error_of([] { decode_idx("hello world", "x", kImages); }), HasSubstr("0x68656c6c"));
}

TEST(Idx, NamesTheByteWhereItEnds) {
  EXPECT_THAT(error_of([] { decode_idx("", "x", kImages); }), HasSubstr("ends at byte 0"));
  EXPECT_THAT(error_of([] { decode_idx(std::string("\0\0\x08\x03\0\0", 6), "x", kImages); }),
              HasSubstr("ends at byte 6, within the sizes"));
  EXPECT_THAT(error_of([] {
                decode_idx(gzipped(idx_bytes({2, 2, 3}, "abcdefgh")), "x", kImages);
              }),
              HasSubstr("the data ends at byte 24; expected 28 bytes (2 x 2 x 3)"));
  EXPECT_THAT(error_of([] {
                decode_idx(idx_bytes({1, 2, 2}, "abcde"), "x", kImages);
              }),
              HasSubstr("more data at byte 20"));
}

TEST(Idx, RefusesAnnouncedSizesThatCannotBePresent) {
  EXPECT_THAT(error_of([] {
                decode_idx(idx_bytes({60000, 28, 28}, "abc"), "x", kImages);
              }),
              HasSubstr("announces 47040000 bytes of data from byte 16, but at most 3 can follow"));
  EXPECT_THAT(error_of([] {
                decode_idx(gzipped(idx_bytes({4000000000, 4000, 1}, "abc")), "x", kImages);
              }),
              HasSubstr("byte 8"));
  EXPECT_THAT(error_of([] {
                decode_idx(idx_bytes({0xffffffff, 0xffffffff, 0xffffffff}, ""), "x", kImages);
              }),
              HasSubstr("size 4294967295 of dimension 2 at byte 8"));
}

TEST(Idx, BoundsTheSizeOfImagesThatAreNotThere) {
  EXPECT_EQ(decode_idx(idx_bytes({0, 28, 28}, ""), "x", kImages).size(0), 0);
  EXPECT_THAT(error_of([] {
                decode_idx(idx_bytes({0, 0xf5f5f5f5, 0xf5f56063}, ""), "x", kImages);
              }),
              HasSubstr("of dimension 3 at byte 12"));
}

TEST(Idx, NamesDamagedAndCutGzip) {
  const std::string bytes = gzipped(idx_bytes({1, 10, 10}, std::string(100, 'x')));
  std::string cut = bytes.substr(0, bytes.size() - 6);
  EXPECT_THAT(error_of([&] { decode_idx(cut, "x", kImages); }), HasSubstr("ends early"));
  std::string damaged = bytes;
  damaged[damaged.size() - 6] ^= 1;
  EXPECT_THAT(error_of([&] { decode_idx(damaged, "x", kImages); }), HasSubstr("damaged near byte"));
  EXPECT_THAT(error_of([&] { decode_idx(bytes + "tail", "x", kImages); }),
              HasSubstr("4 bytes follow the gzip stream"));
}

TEST(Idx, JoinsGzipMembers) {
  const std::string bytes = idx_bytes({1, 2, 2}, "abcd");
  const at::Tensor images =
      decode_idx(gzipped(bytes.substr(0, 9)) + gzipped(bytes.substr(9)), "x", kImages);
  EXPECT_EQ(images.const_data_ptr<uint8_t>()[3], 'd');
}

}  // namespace
}  // namespace maas
