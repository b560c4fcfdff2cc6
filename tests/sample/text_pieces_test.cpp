#include "sample/text_pieces.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace maas {
namespace {

constexpr TextForm kForm = {.buckets = 1 << 20, .pieces = 4096};

std::set<int64_t> pieces(std::string_view text, std::string_view column = "text",
                         const TextForm& form = kForm) {
  std::vector<int64_t> to(static_cast<size_t>(form.pieces));
  const TextCell cell{text, column};
  const int64_t count = text_pieces({&cell, 1}, form, to.data(), form.pieces);
  to.resize(static_cast<size_t>(std::min(count, form.pieces)));
  return {to.begin(), to.end()};
}

int64_t shared(const std::set<int64_t>& a, const std::set<int64_t>& b) {
  return std::count_if(a.begin(), a.end(), [&](int64_t piece) { return b.contains(piece); });
}

TEST(TextPieces, AreWordsPairsAndBorderedPieces) {
  EXPECT_EQ(pieces("a").size(), 2);  // a, <a>
  // ab, cd, "ab cd", <ab ab> <ab>, <cd cd> <cd>
  EXPECT_EQ(pieces("ab cd").size(), 9);
  EXPECT_EQ(pieces("ab ab").size(), 5);  // each once: ab, "ab ab", three pieces
  EXPECT_TRUE(pieces("").empty());
  EXPECT_TRUE(pieces("... , -- ;").empty());
}

// The indices are in files: another hash would make trained models answer nonsense.
TEST(TextPieces, HaveTheSameIndicesForEver) {
  const auto fnv = [](std::string_view bytes) {
    uint64_t state = 0xcbf29ce484222325U;
    for (const unsigned char byte : bytes) state = (state ^ byte) * 0x100000001b3U;
    return static_cast<int64_t>(1 + ((state ^ (state >> 32)) & 0xffffffffU) % (1 << 20));
  };
  using namespace std::string_view_literals;
  EXPECT_EQ(pieces("Hi"), (std::set<int64_t>{fnv("text\0whi"sv), fnv("text\0g<hi"sv),
                                             fnv("text\0ghi>"sv), fnv("text\0g<hi>"sv)}));
}

TEST(TextPieces, GoByNoCaseAndNoPunctuation) {
  EXPECT_EQ(pieces("Good, GOOD film."), pieces("good good film"));
  EXPECT_EQ(pieces("\xc3\x84rger \xce\x91\xce\x92 \xd0\x96\xd0\xb0"),
            pieces("\xc3\xa4rger \xce\xb1\xce\xb2 \xd0\xb6\xd0\xb0"));
  EXPECT_EQ(pieces("a\xe2\x80\x94"
                   "b\xc2\xa0"
                   "c"),
            pieces("a b c"));
  EXPECT_NE(pieces("good!"), pieces("good"));
  EXPECT_NE(pieces("good?"), pieces("good!"));
}

TEST(TextPieces, OfAMisspeltWordAreMostlyTheWords) {
  const auto right = pieces("excellent"), wrong = pieces("excelent"), other = pieces("terrible");
  EXPECT_GT(shared(right, wrong), static_cast<int64_t>(right.size()) / 3);
  EXPECT_EQ(shared(right, other), 0);
}

TEST(TextPieces, OfWritingWithoutSpacesAreCharactersAndTheirPairs) {
  const auto sentence = pieces("\xe9\x9d\x9e\xe5\xb8\xb8\xe5\xa5\xbd");  // "very good"
  // The character, it at the end, and both borders.
  EXPECT_EQ(shared(sentence, pieces("\xe5\xa5\xbd")), 4);
  EXPECT_GT(shared(sentence, pieces("\xe5\xbe\x88\xe5\xb8\xb8\xe5\xa5\xbd")), 2);
}

TEST(TextPieces, OfAnotherColumnAreOthers) {
  EXPECT_EQ(shared(pieces("good film", "title"), pieces("good film", "review")), 0);
}

TEST(TextPieces, OfAllColumnsComeWordsFirstThenPairs) {
  const TextCell cells[] = {{"one two three", "a"}, {"four five", "b"}};
  const TextForm form = {.buckets = 1 << 20, .pieces = 8};
  std::vector<int64_t> to(8);
  EXPECT_GT(text_pieces(cells, form, to.data(), 8), 8);
  for (const char* word : {"one", "two", "three"}) {
    EXPECT_EQ(shared({to.begin(), to.begin() + 5}, pieces(word, "a")), 1) << word;
  }
  EXPECT_EQ(shared({to.begin() + 5, to.end()}, pieces("one two", "a")), 1);
}

TEST(TextPieces, WhatDoesNotFitIsCountedAndSpreads) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "w" + std::to_string(i) + " ";
  const TextForm form = {.buckets = 1 << 20, .pieces = 100};
  std::vector<int64_t> to(100);
  const TextCell cell{text, "text"};
  EXPECT_GT(text_pieces({&cell, 1}, form, to.data(), 100), 1900);
  int64_t late = 0;
  for (int i = 500; i < 1000; ++i) {
    late += shared({to.begin(), to.end()}, pieces("w" + std::to_string(i)));
  }
  EXPECT_GT(late, 30);
  EXPECT_LT(late, 70);
}

TEST(TextPieces, BytesThatAreNoUtf8AreLetters) {
  EXPECT_EQ(pieces("\xff\xfe a").size(), pieces("bc a").size());
  EXPECT_FALSE(pieces("\xe9\x9d").empty());
}

TEST(TextPieces, AreWithinTheBuckets) {
  for (const int64_t piece : pieces("a few words of no matter", "text", {16, 200})) {
    EXPECT_GE(piece, 1);
    EXPECT_LE(piece, 16);
  }
}

TEST(MissingText, IsBlankOrWhatTheFormatSays) {
  EXPECT_TRUE(is_missing_text("", {}));
  EXPECT_TRUE(is_missing_text(" \t\n", {}));
  EXPECT_FALSE(is_missing_text("None", {}));
  EXPECT_FALSE(is_missing_text("?", {}));
  TableFormat format;
  format.missing_values = {"n/a"};
  EXPECT_TRUE(is_missing_text("n/a", format));
}

TEST(LikeText, AreManyDifferentCellsOfFourWordsOrMore) {
  EXPECT_EQ(count_words("  a bc\td "), 3);
  EXPECT_EQ(count_words("\xe9\x9d\x9e\xe5\xb8\xb8\xe5\xa5\xbd\xe5\xa5\xbd"), 3);
  EXPECT_TRUE(is_like_text(100, 90, 120));
  EXPECT_FALSE(is_like_text(100, 30, 120));  // mostly short
  EXPECT_FALSE(is_like_text(40, 120, 120));  // a few sentences again and again
  EXPECT_FALSE(is_like_text(10, 10, 10));    // too few to tell
}

TEST(FirstWords, AreOneLineThatEndsWithAWord) {
  EXPECT_EQ(first_words(" one\n two\t three ", 100), "one two three");
  EXPECT_EQ(first_words("one two three", 9), "one two ...");
  EXPECT_EQ(first_words("\xc3\xa4\xc3\xa4\xc3\xa4", 3), "\xc3\xa4 ...");
  EXPECT_EQ(first_words("", 5), "");
}

TEST(TextExtension, IsTxtWhateverTheCase) {
  EXPECT_TRUE(has_text_extension("a/b.TXT"));
  EXPECT_FALSE(has_text_extension("a/b.txt.gz"));
}

}  // namespace
}  // namespace maas
