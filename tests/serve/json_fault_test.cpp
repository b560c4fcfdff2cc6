#include "serve/json_fault.h"

#include <gtest/gtest.h>

#include <string>

namespace maas {
namespace {

using namespace std::string_literals;

TEST(JsonFault, AWholeTextHasNone) {
  for (const std::string& text :
       {"{}"s, "[]"s, "null"s, " [1, -2.5e+3, true, false, null, \"a\\u00e9\\n\"] "s,
        "{\"a\": {\"b\": [[], {}, 0]}, \"\": -0}"s, "0"s, "1E9"s, "\"\xC3\xA9\""s}) {
    EXPECT_EQ(json_fault_offset(text), text.size()) << text;
  }
}

TEST(JsonFault, IsTheFirstByteThatIsNotAllowed) {
  const std::pair<std::string, size_t> cases[] = {
      {"", 0},           {"{", 1},        {"[1,]", 3},         {"{}x", 2},
      {"012", 1},        {"-", 1},        {"1.", 2},           {"1e", 2},
      {"+1", 0},         {".5", 0},       {"NaN", 0},          {"Infinity", 0},
      {"-Infinity", 1},  {"nul", 0},      {"[1 2]", 3},        {"{\"a\" 1}", 5},
      {"{\"a\":}", 5},   {"{a:1}", 1},    {"{'a':1}", 1},      {"[1}", 2},
      {"{\"a\":1,}", 7}, {"\"abc", 4},    {"\"a\\x\"", 3},     {"\"\\u12g4\"", 5},
      {"// c\n{}", 0},   {"{} // c", 3},  {"[1, /* */ 2]", 4}, {"\xEF\xBB\xBF{}", 0},
      {"\"a\0\""s, 2},   {"\"a\nb\"", 2}, {"[\0]"s, 1},        {"]", 0},
  };
  for (const auto& [text, offset] : cases) EXPECT_EQ(json_fault_offset(text), offset) << text;
}

TEST(JsonFault, IsWhereItNestsTooDeep) {
  EXPECT_EQ(json_fault_offset(std::string(64, '[') + std::string(64, ']')), 128);
  EXPECT_EQ(json_fault_offset(std::string(65, '[') + std::string(65, ']')), 64);
  EXPECT_EQ(json_fault_offset(std::string(1'000'000, '[')), 64);
  EXPECT_EQ(json_fault_offset("[[]]", 1), 1);
  std::string objects;
  for (int i = 0; i < 65; ++i) objects += "{\"a\":";
  EXPECT_EQ(json_fault_offset(objects), 64 * 5);
}

}  // namespace
}  // namespace maas
