#include "base/shown_text.h"

#include <gtest/gtest.h>

namespace maas {
namespace {

TEST(ShownText, WritesControlCharactersOut) {
  EXPECT_EQ(shown_text("a\nb\x1b[2J"), "a\\nb\\x1b[2J");
  EXPECT_EQ(shown_text("\x7f\t"), "\\x7f\\x09");
  EXPECT_EQ(shown_text("\xc2\x9b"
                       "31m"),
            "\\xc2\\x9b31m");  // CSI as one character
  EXPECT_EQ(shown_text("caf\xc3\xa9 \xff"), "caf\xc3\xa9 \\xff");
}

TEST(ShownText, CutsLongTextBetweenCharacters) {
  EXPECT_EQ(shown_text("abc", 3), "abc");
  EXPECT_EQ(shown_text("abcd", 3), "abc...");
  EXPECT_EQ(shown_text("ab\xc3\xa9", 3), "ab...");
}

TEST(TerminalText, KeepsLinesAndTabs) {
  EXPECT_EQ(terminal_text("a\n\tb\xc3\xa9\n"), "a\n\tb\xc3\xa9\n");
  EXPECT_EQ(terminal_text("\x1b]0;title\x07\r"), "\\x1b]0;title\\x07\\x0d");
}

}  // namespace
}  // namespace maas
