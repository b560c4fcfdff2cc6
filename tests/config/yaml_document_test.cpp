// Fault C01 and the duplicate keys of C02: texts that are no config at all.
#include "config/yaml_document.h"

#include "base/shown_text.h"
#include "config/config_case.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(YamlDocument, PointsAtATabInTheIndentation) {
  EXPECT_THAT(
      refusal("rule:\n\ttype: sgd\n"),
      AllOf(HasSubstr("a.yaml:2:1: a tab in the indentation"), HasSubstr("\n   type: sgd\n  ^")));
}

TEST(YamlDocument, SaysThatABoundWantsQuotes) {
  for (const char* text : {"x: 1\neval: {accuracy: >= 0.9}", "x: 1\naccuracy: >= 0.9\n"}) {
    EXPECT_THAT(refusal(text), AllOf(HasSubstr("'>=' without quotes"), HasSubstr(":2:"),
                                     HasSubstr("quote the value, as in \">= 0.95\"")));
  }
}

TEST(YamlDocument, BlamesATabForNothingElse) {
  EXPECT_THAT(refusal("name:\tx\nhidden: [1\n"), Not(HasSubstr("tab")));
}

TEST(YamlDocument, PointsAtTheKeyThatHasNoValue) {
  EXPECT_THAT(refusal("name: x\nepochs:\nrate: 1\n"),
              AllOf(HasSubstr("a.yaml:2:1: epochs is nothing"), HasSubstr("\n  epochs:\n  ^")));
}

TEST(YamlDocument, PointsAtABracketThatIsNotClosed) {
  EXPECT_THAT(refusal("epochs: 3\nhidden: [1, 2\nname: x\n"),
              AllOf(HasSubstr("a.yaml:2:9: a list '[' without its ']'"),
                    HasSubstr("\n  hidden: [1, 2\n          ^")));
  EXPECT_THAT(refusal("hidden: [1, 2"), HasSubstr("a.yaml:1:9: a list '[' without its ']'"));
  EXPECT_THAT(refusal("rule: {type: sgd\n"), HasSubstr("a.yaml:1:7: a map '{' without its '}'"));
  EXPECT_THAT(refusal("stages: [{kind: x}, {kind: y]\n"), HasSubstr("a.yaml:1:"));
}

TEST(YamlDocument, PointsAtTheFirstByteThatIsNoUtf8) {
  EXPECT_THAT(refusal("name: caf\xe9\n"),
              AllOf(HasSubstr("a.yaml:1:10: a byte that is no UTF-8; expected UTF-8 text"),
                    HasSubstr("\n  name: caf\xEF\xBF\xBD\n           ^"),  // shown as text
                    HasSubstr("save the file as UTF-8")));
  EXPECT_THAT(refusal("name: \xED\xA0\x80\n"), HasSubstr("a.yaml:1:7: a byte that is no UTF-8"));
  EXPECT_THAT(refusal("\xff\xfen\0a\0"), HasSubstr("a.yaml:1:1: a byte that is no UTF-8"));
}

TEST(YamlDocument, PointsAtANulByteOrCharacter) {
  EXPECT_THAT(refusal(std::string("name: a\nrate: \0\n", 15)), HasSubstr("a.yaml:2:7: a NUL byte"));
  EXPECT_THAT(refusal("name: \"a\\0b\"\n"),
              AllOf(HasSubstr("a.yaml:1:7: a NUL character in a text"), HasSubstr("\n        ^")));
}

TEST(YamlDocument, TellsAModelFromAConfig) {
  EXPECT_THAT(refusal(std::string("PK\3\4\0\0", 6)), HasSubstr("looks like a model"));
}

TEST(YamlDocument, RefusesMoreThanOneMebibyte) {
  EXPECT_THAT(refusal("name: x\n#" + std::string(1 << 20, '.')),
              AllOf(HasSubstr("a.yaml: more than 1 MiB"), HasSubstr("is this the right file?")));
}

TEST(YamlDocument, RefusesNestingDeeperThanSixtyFour) {
  const std::string deep = "hidden: " + std::string(501, '[') + std::string(501, ']') + "\n";
  EXPECT_THAT(refusal(deep), AllOf(HasSubstr("a.yaml:1:72: nesting deeper than 64"), HasSubstr("^"),
                                   HasSubstr("expected at most 64 levels")));
}

TEST(YamlDocument, RefusesDepthWithoutEndInEveryNotation) {
  for (const std::string unit : {"[", "{a: ", "- ", "? ", "a:\n", "{? ", "[{", "!x ", "&a "}) {
    std::string text;
    while (text.size() < 100'000) text += unit;
    EXPECT_THAT(refusal(text), HasSubstr("a.yaml:")) << unit;
  }
}

TEST(YamlDocument, RefusesAliasesWithoutFollowingThem) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    bomb += fmt::format("a{0}: &a{0} [", i);
    for (int k = 0; k < 9; ++k) bomb += fmt::format("{}*a{}", k == 0 ? "" : ", ", i - 1);
    bomb += "]\n";
  }
  EXPECT_THAT(refusal(bomb), AllOf(HasSubstr("a.yaml:1:5: an anchor ('&name')"), HasSubstr("^"),
                                   HasSubstr("a.yaml:2:10: an alias ('*name')"),
                                   HasSubstr("problems are not shown")));
  EXPECT_THAT(refusal("rule: &r\n  type: *r\n"),
              AllOf(HasSubstr("a.yaml:2:9: an alias"), HasSubstr("extends: other.yaml")));
}

TEST(YamlDocument, RefusesMergeKeys) {
  EXPECT_THAT(refusal("rule:\n  <<: {type: sgd}\n"),
              AllOf(HasSubstr("a.yaml:2:3: a merge key ('<<')"), HasSubstr("\n    <<: {type"),
                    HasSubstr("extends: other.yaml")));
}

TEST(YamlDocument, RefusesASecondDocument) {
  EXPECT_THAT(refusal("name: a\n---\nname: b\n"),
              AllOf(HasSubstr("a.yaml:2:1: a second document ('---')"),
                    HasSubstr("expected one document in a file"), HasSubstr("^")));
}

TEST(YamlDocument, RefusesTags) {
  EXPECT_THAT(refusal("name: !!python/object/apply:os.system [ls]\n"),
              AllOf(HasSubstr("a.yaml:1:7: the tag 'tag:yaml.org,2002:python/object/apply"),
                    HasSubstr("remove the tag"), HasSubstr("^")));
  EXPECT_THAT(refusal("epochs: !!int 3\n"), HasSubstr("the tag"));
}

TEST(YamlDocument, NamesBothLinesOfADuplicateKey) {
  EXPECT_THAT(refusal("epochs: 3\nrate: 0.1\nepochs: 4\n"),
              AllOf(HasSubstr("a.yaml:3:1: key 'epochs' is given twice: on line 1 and on line 3"),
                    HasSubstr("\n  epochs: 4\n  ^"), HasSubstr("delete one of them")));
  EXPECT_THAT(refusal("rule: {type: sgd, type: adamw}\n"), HasSubstr("'type' is given twice"));
}

TEST(YamlDocument, TakesWordsAsKeysOnly) {
  EXPECT_THAT(refusal("[a, b]: 1\n"), HasSubstr("a map or list as a key"));
  EXPECT_THAT(refusal("{a: 1}: 2\n"), HasSubstr("a map or list as a key"));
  EXPECT_THAT(refusal(": 1\n"), HasSubstr("a.yaml:1:1: "));
}

TEST(YamlDocument, CountsValuesBeforeItKeepsThem) {
  std::string text = "hidden: [1";
  for (int i = 0; i < 100'001; ++i) text += ",1";
  EXPECT_THAT(refusal(text + "]\n"), HasSubstr("more than 100,000 values"));
}

TEST(YamlDocument, ReadsTheLineEndsAndMarksOfOtherSystems) {
  EXPECT_EQ(parse("name: x\r\nrule:\r\n  type: sgd\r\n").rule.type, "sgd");
  EXPECT_EQ(parse("\xEF\xBB\xBFname: x\n").name, "x");
  EXPECT_EQ(parse("---\nname: x\n...\n").name, "x");
  EXPECT_EQ(parse("# only a comment\n").name, "model");
  EXPECT_EQ(parse("").name, "model");
}

TEST(YamlDocument, PutsTheCaretUnderTheCharacterNotTheByte) {
  EXPECT_THAT(
      refusal("rule: {type: sgd, \xC3\xA9t\xC3\xA9: 1}\n"),
      HasSubstr("\n  rule: {type: sgd, \xC3\xA9t\xC3\xA9: 1}\n" + std::string(20, ' ') + "^"));
}

TEST(YamlDocument, ShortensLongLinesAroundTheCaret) {
  const std::string text = refusal("name: {" + std::string(500, 'a') + ": 1, <<: 2}\n");
  EXPECT_THAT(text, HasSubstr("a merge key"));
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    EXPECT_LT(end - start, 140U);
    start = end + 1;
  }
}

TEST(YamlDocument, ShowsNoControlCharactersOfTheFile) {
  EXPECT_THAT(refusal("\"\\e[31mred\": 1\n"),
              AllOf(HasSubstr("\\x1b[31mred"), Not(HasSubstr("\x1b"))));
}

TEST(ShownText, IsShortTextWithoutControlCharactersOrBadBytes) {
  EXPECT_EQ(shown_text("plain \xC3\xA9"), "plain \xC3\xA9");
  EXPECT_EQ(shown_text("a\nb\x1b\x7f"), "a\\nb\\x1b\\x7f");
  EXPECT_EQ(shown_text("a\x80\xC3"), "a\\x80\\xc3");
  EXPECT_EQ(shown_text("abcdef", 3), "abc...");
  EXPECT_EQ(shown_text("ab\xC3\xA9", 3), "ab...");
}

}  // namespace
}  // namespace maas
