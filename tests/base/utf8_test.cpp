#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace maas {
namespace {

TEST(Utf8, TakesCharactersOfEveryLength) {
  const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";
  EXPECT_EQ(utf8_length(text, 0), 1);
  EXPECT_EQ(utf8_length(text, 1), 2);
  EXPECT_EQ(utf8_length(text, 3), 3);
  EXPECT_EQ(utf8_length(text, 6), 4);
  EXPECT_EQ(utf8_fault_offset(text), text.size());
  EXPECT_EQ(utf8_fault_offset(""), 0);
}

TEST(Utf8, FindsTheFirstByteThatIsNone) {
  for (const char* bad : {"\xFF", "\x80", "\xC3", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80",
                          "\xF0\x80\x80\xAF", "\xF4\x90\x80\x80", "\xE2\x82", "\xC3("}) {
    EXPECT_EQ(utf8_fault_offset("ok\xC3\xA9" + std::string(bad)), 4) << bad;
  }
}

}  // namespace
}  // namespace maas
