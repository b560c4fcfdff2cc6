#include "serve/oip/priority.h"

#include <gtest/gtest.h>

#include <string>

namespace maas {
namespace {

TEST(PeekPriority, FindsTheOneOfTheRequest) {
  EXPECT_EQ(peek_priority(R"({"parameters":{"priority":3},"inputs":[]})"), 3);
  EXPECT_EQ(peek_priority(R"({ "id" : "a\"b", "parameters" : { "x" : "y", "priority" : 12 } })"),
            12);
  EXPECT_EQ(
      peek_priority(
          R"({"inputs":[{"parameters":{"priority":9},"data":[1]}],"parameters":{"priority":2}})"),
      2);
}

TEST(PeekPriority, TakesNoOtherForIt) {
  for (const char* text : {"",
                           "{",
                           "\"",
                           "{\"parameters",
                           R"({"priority":1})",
                           R"({"parameters":{"priority":0}})",
                           R"({"parameters":{"priority":-1}})",
                           R"({"parameters":{"priority":"1"}})",
                           R"({"parameters":{"priority":1e1}})",
                           R"({"parameters":{"priority":1.0}})",
                           R"({"parameters":{"priority":99999999999999999999}})",
                           R"({"parameters":[{"priority":1}]})",
                           R"({"parameters":{"a":{"priority":1}}})",
                           R"({"x":{"parameters":{"priority":1}}})",
                           R"([{"parameters":{"priority":1}}])",
                           R"({"id":"parameters","x":{"priority":1}})",
                           R"({"parameters":{},"x":{"priority":1}})",
                           "}}}}",
                           "{\"parameters\":{\"priority\":",
                           "{\"a\\"}) {
    EXPECT_EQ(peek_priority(text), 0) << text;
  }
}

TEST(PeekPriority, OfADeepTextEndsSoon) {
  EXPECT_EQ(peek_priority(std::string(1 << 20, '[')), 0);
  EXPECT_EQ(peek_priority(std::string(1 << 20, '"')), 0);
}

}  // namespace
}  // namespace maas
