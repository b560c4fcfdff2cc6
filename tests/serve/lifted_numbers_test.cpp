#include "serve/lifted_numbers.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <bit>
#include <cmath>
#include <random>

namespace maas {
namespace {

std::string request(const std::string& data) {
  return R"({"id":"1","inputs":[{"name":"x","data":)" + data + R"(,"shape":[1]}]})";
}

TEST(LiftedNumbers, LeaveAnIndexInTheirPlace) {
  const auto lifted = lift_numbers(
      R"({"inputs": [{"data" : [1, -2.5,3e2 ] , "name": "x"}, {"data":[0]}], "id": "data"})");
  ASSERT_TRUE(lifted);
  EXPECT_EQ(lifted->rest, R"({"inputs": [{"data" : 0 , "name": "x"}, {"data":1}], "id": "data"})");
  EXPECT_EQ(lifted->arrays, (std::vector<std::vector<double>>{{1, -2.5, 300}, {0}}));
}

TEST(LiftedNumbers, AreThoseOfInputsOnly) {
  EXPECT_FALSE(lift_numbers(R"({"data":[1,2]})"));
  EXPECT_FALSE(lift_numbers(R"({"inputs":[{"parameters":{"data":[1]}}]})"));
  EXPECT_FALSE(lift_numbers(R"({"inputs":[{"shape":[1]}]})"));
}

TEST(LiftedNumbers, AreLeftWhereAnythingElseIsThere) {
  for (const char* data : {"[]",     "[1,]",    "[,1]",   "[1 2]",   "[[1]]",
                           "[true]", "[\"1\"]", "[null]", "[01]",    "[.5]",
                           "[1.]",   "[+1]",    "[-]",    "[1e]",    "[1e+]",
                           "[0x1]",  "[inf]",   "[nan]",  "[1e999]", "[100000000000000000000000]",
                           "1",      "{}",      "[1",     "[1}",     "[--1]",
                           "[1.2.3]"}) {
    EXPECT_FALSE(lift_numbers(request(data))) << data;
  }
  EXPECT_FALSE(lift_numbers(R"({"inputs":[{"d\u0061ta":1,"data":[1]}]})"));
  EXPECT_FALSE(lift_numbers(R"({"inputs":[{"data":[1]}],"id":"open)"));
}

// The parser that reads whole texts is the reference.
TEST(LiftedNumbers, AreRoundedAsTheParserOfWholeTextsDoes) {
  std::mt19937_64 random(1);
  std::vector<std::string> texts = {"0",
                                    "-0",
                                    "-0.0",
                                    "0.1",
                                    "123456789012345",
                                    "1234567890123456",
                                    "9007199254740993",
                                    "0.000000000000000000000123",
                                    "0.00000000000000000000001",
                                    "1e22",
                                    "1e23",
                                    "4.9e-324",
                                    "1.7976931348623157e308",
                                    "2.2250738585072011e-308",
                                    "999999999999999999",
                                    "0.30000000000000004"};
  for (int i = 0; i < 20000; ++i) {
    const double value = std::bit_cast<double>(random());
    if (std::isfinite(value)) texts.push_back(fmt::format("{:e}", value));
    texts.push_back(fmt::format("{:.{}f}", static_cast<double>(random() % 2000000) / 1000 - 1000,
                                static_cast<int>(random() % 12)));
    texts.push_back(fmt::format("{}", static_cast<float>(random() % 100000) / 255));
  }
  std::string data;
  for (const std::string& text : texts) data += (data.empty() ? "[" : ",") + text;
  data += "]";
  const auto lifted = lift_numbers(request(data));
  ASSERT_TRUE(lifted);
  simdjson::dom::parser parser;
  size_t i = 0;
  for (const simdjson::dom::element element : parser.parse(data).get_array()) {
    const double expected = element.get_double().value();
    ASSERT_EQ(std::bit_cast<uint64_t>(lifted->arrays[0].at(i)), std::bit_cast<uint64_t>(expected))
        << texts[i];
    ++i;
  }
  EXPECT_EQ(i, lifted->arrays[0].size());
}

}  // namespace
}  // namespace maas
