#include "tensor/json_view.h"

#include <gmock/gmock.h>

#include "support/scratch.h"

namespace maas {
namespace {

using testing::HasSubstr;

std::string refusal(const std::string& text) {
  simdjson::dom::parser parser;
  return error_of([&] { parse_json(parser, text, "net.pt2: models/model.json"); });
}

TEST(JsonView, RefusesTextThatIsNotJson) {
  for (const std::string text :
       {"", "{", "{}x", "[1,]", "NaN", "012", "1e999", "\"\\ud800\"", "\"\xff\"", "// hi\n{}"}) {
    EXPECT_THAT(refusal(text), HasSubstr("models/model.json: is not JSON")) << text;
  }
}

TEST(JsonView, RefusesNestingDeeperThan64) {
  EXPECT_THAT(refusal(std::string(65, '[') + std::string(65, ']')), HasSubstr("is not JSON"));
  EXPECT_THAT(refusal(std::string(1'000'000, '[')), HasSubstr("is not JSON"));
}

TEST(JsonView, RefusesAKeyThatIsThereTwiceAndSaysWhere) {
  EXPECT_THAT(refusal(R"({"a": 1, "a": 1})"), HasSubstr("two members named 'a'; expected one"));
  EXPECT_THAT(refusal(R"({"g": {"nodes": [{}, {"x": 1, "y": 2, "x": 1}]}})"),
              HasSubstr("two members named 'x' under 'g/nodes/1'; expected one"));
}

TEST(JsonView, ShowsOnlyTheStartOfALongValue) {
  const std::string where = "net.pt2";
  simdjson::dom::parser parser;
  const std::string text = "{\"a\": \"" + std::string(100'000, 'x') + "\"}";
  const JsonView json = parse_json(parser, text, where);
  const std::string message = error_of([&] { json.at("a").integer(); });
  EXPECT_THAT(message, HasSubstr("an integer was expected: \"xxx"));
  EXPECT_LT(message.size(), 300);
}

TEST(JsonView, ReadsNumbersThatJsonCannotSpell) {
  const std::string where = "net.pt2";
  simdjson::dom::parser parser;
  const JsonView json = parse_json(parser, R"(["Infinity", "-Infinity", "NaN", 2])", where);
  EXPECT_EQ(json.items()[0].number(), HUGE_VAL);
  EXPECT_EQ(json.items()[1].number(), -HUGE_VAL);
  EXPECT_TRUE(std::isnan(json.items()[2].number()));
  EXPECT_EQ(json.items()[3].number(), 2);
}

}  // namespace
}  // namespace maas
