#include "export/onnx/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "support/scratch.h"

namespace maas {
namespace {

using testing::HasSubstr;

TEST(Wire, FieldsComeBackAsTheyWereWritten) {
  WireWriter writer;
  writer.integer(1, -5);
  writer.integer(2, std::numeric_limits<int64_t>::max());
  writer.real(3, 0.25F);
  writer.bytes(4, "abc");
  writer.integers(5, {1, 300, -1});
  WireReader reader(writer.text(), "file");
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.integer(), -5);
  EXPECT_EQ(reader.small(), -5);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.integer(), std::numeric_limits<int64_t>::max());
  EXPECT_THAT(error_of([&] { (void)reader.small(); }), HasSubstr("a number of 32 bits"));
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.real(), 0.25F);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.text(), "abc");
  ASSERT_TRUE(reader.next());
  std::vector<int64_t> numbers;
  reader.add_integers(numbers);
  EXPECT_EQ(numbers, (std::vector<int64_t>{1, 300, -1}));
  EXPECT_FALSE(reader.next());
}

TEST(Wire, RepeatedNumbersAreReadPackedAndOneByOne) {
  WireWriter writer;
  writer.integer(8, 7);
  writer.integers(8, {8, 9});
  WireReader reader(writer.text(), "file");
  std::vector<int64_t> numbers;
  while (reader.next()) reader.add_integers(numbers);
  EXPECT_EQ(numbers, (std::vector<int64_t>{7, 8, 9}));
}

// As protobuf writes 150 in field 1 (protobuf.dev/programming-guides/encoding).
TEST(Wire, BytesAreThoseOfTheSpecification) {
  WireWriter writer;
  writer.integer(1, 150);
  EXPECT_EQ(writer.text(), std::string("\x08\x96\x01"));
}

std::string refused(const std::string& bytes) {
  return error_of([&] {
    WireReader reader(bytes, "net.onnx");
    while (reader.next()) {
    }
  });
}

TEST(Wire, DamagedBytesAreRefusedNamingTheFile) {
  EXPECT_THAT(refused("\x08"), HasSubstr("net.onnx: ends inside a number"));
  EXPECT_THAT(refused("\x08\xff"), HasSubstr("ends inside a number"));
  EXPECT_THAT(refused("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
              HasSubstr("a number of more than 64 bits"));
  EXPECT_THAT(refused(std::string("\x12\x05") + "abc"), HasSubstr("field 2 says 5 bytes"));
  EXPECT_THAT(refused(std::string("\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f") + "abc"),
              HasSubstr("at most the 3 that are left"));
  EXPECT_THAT(refused("\x0b"), HasSubstr("wire type 3"));
  EXPECT_THAT(refused(std::string("\x00\x01", 2)), HasSubstr("field number 0"));
  EXPECT_THAT(refused("\x0d\x01\x02"), HasSubstr("field 1 says 4 bytes"));
}

TEST(Wire, AFieldOfAnotherKindIsRefused) {
  WireWriter writer;
  writer.bytes(3, "\xff");
  WireReader reader(writer.text(), "net.onnx");
  ASSERT_TRUE(reader.next());
  EXPECT_THAT(error_of([&] { (void)reader.integer(); }), HasSubstr("field 3 has wire type 2"));
  EXPECT_THAT(error_of([&] { (void)reader.text(); }), HasSubstr("no text"));
}

}  // namespace
}  // namespace maas
