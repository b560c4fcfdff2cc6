#include "serve/grpc/message_cost.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"

namespace maas {
namespace {

using testing::HasSubstr;

std::string number(uint64_t value) {
  std::string bytes;
  for (; value > 0x7F; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}
std::string field(uint64_t its_number, const std::string& bytes) {
  return number(its_number << 3 | 2) + number(bytes.size()) + bytes;
}
std::string repeat(const std::string& text, size_t times) {
  std::string all;
  for (size_t i = 0; i < times; ++i) all += text;
  return all;
}
std::string input(const std::string& contents) {
  return field(5, field(1, "x") + field(2, "FP32") + field(3, number(2)) + field(5, contents));
}

size_t cost(const std::string& message) {
  const std::string_view whole = message;
  return infer_message_cost({&whole, 1});
}
std::string refusal(const std::string& message) {
  try {
    cost(message);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    return error.what();
  }
  return "";
}

TEST(GrpcMessageCost, ARequestOfRawTensorsTakesNoMoreThanItsBytes) {
  const std::string tensor(1 << 20, 'x');
  EXPECT_EQ(cost(""), 0U);
  EXPECT_EQ(cost(field(1, "net") + field(3, "7") + input("") + field(6, field(1, "y")) +
                 field(4, field(1, "priority") + field(2, "\x10\x02")) + field(7, tensor)),
            0U);
}

TEST(GrpcMessageCost, NumbersTakeWhatTheirTypesTake) {
  EXPECT_EQ(cost(input(field(3, repeat("\x01", 1000)))), 2 * 8 * 1000U);       // int64
  EXPECT_EQ(cost(input(field(2, repeat("\xff\x01", 1000)))), 2 * 4 * 1000U);   // int32
  EXPECT_EQ(cost(input(field(6, std::string(4000, '\xff')))), 2 * 4 * 1000U);  // fp32
  EXPECT_EQ(cost(input(repeat("\x18\x05", 10))), 2 * 8 * 10U);                 // not packed
  EXPECT_EQ(cost(input(field(6, "1234")) + input(field(7, "12345678"))), 8U + 16U);
}

TEST(GrpcMessageCost, EveryTextTakesAnObject) {
  EXPECT_EQ(cost(input(repeat(field(8, ""), 1000))), 96'000U);
  EXPECT_THAT(refusal(input(repeat(field(8, ""), (4 << 20) + 1))), HasSubstr("bytes_contents"));
}

TEST(GrpcMessageCost, MoreThanARequestMayHaveIsRefusedUnread) {
  const std::string two_bytes[] = {field(5, ""), field(6, ""), field(7, ""), field(4, ""),
                                   field(100, "")};
  for (const std::string& one : two_bytes) {
    EXPECT_EQ(refusal(repeat(one, 256)), "") << one[0];
    EXPECT_NE(refusal(repeat(one, 257)), "") << one[0];
  }
  EXPECT_THAT(refusal(repeat(field(5, ""), 1 << 20)), HasSubstr("inputs: is too long"));
  EXPECT_THAT(refusal(field(5, field(3, repeat("\x01", 4097)))), HasSubstr("shape: is too long"));
  EXPECT_THAT(refusal(field(5, repeat(field(4, ""), 257))), HasSubstr("too many members"));
  // Also where protobuf keeps what it does not know.
  const std::string unknown = repeat(field(9, ""), 257);
  EXPECT_THAT(refusal(field(4, field(2, unknown))), HasSubstr("does not have"));
  EXPECT_THAT(refusal(input(unknown)), HasSubstr("does not have"));
}

TEST(GrpcMessageCost, WhatIsNoMessageIsRefused) {
  const std::string broken[] = {"\x0a",
                                "\x0a\x05net",
                                "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
                                "\x0a" + std::string(11, '\x80'),
                                std::string("\0\0", 2),
                                "\x0b\x0c",  // a group
                                "\x2a\x02\x0a\x7f",
                                "\x09\x01",
                                "\x2a\x03\x18\x80\x80\x01"};  // a number beyond its message's end
  for (const std::string& message : broken) {
    EXPECT_THAT(refusal(message), HasSubstr("no ModelInferRequest")) << message;
  }
}

TEST(GrpcMessageCost, PiecesAreOneMessage) {
  const std::string message =
      field(1, "net") + input(field(3, repeat("\x01", 50))) + input(repeat(field(8, "ab"), 5));
  const size_t whole = cost(message);
  for (size_t length = 1; length < 20; ++length) {
    std::vector<std::string_view> pieces{""};
    for (size_t at = 0; at < message.size(); at += length) {
      pieces.push_back(std::string_view(message).substr(at, length));
    }
    pieces.emplace_back();
    EXPECT_EQ(infer_message_cost(pieces), whole) << length;
  }
}

}  // namespace
}  // namespace maas
