#include "base/shell_word.h"

#include <gtest/gtest.h>

namespace maas {
namespace {

TEST(ShellWord, QuotesWhatAShellWouldTakeApart) {
  EXPECT_EQ(shell_word("runs/a-b_1.2"), "runs/a-b_1.2");
  EXPECT_EQ(shell_word("train.epochs=3"), "train.epochs=3");
  EXPECT_EQ(shell_word("caf\xc3\xa9"), "caf\xc3\xa9");
  EXPECT_EQ(shell_word("my run"), "'my run'");
  EXPECT_EQ(shell_word("a={b: \"1 .. 2\"}"), "'a={b: \"1 .. 2\"}'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("$HOME"), "'$HOME'");
}

}  // namespace
}  // namespace maas
