#include "config/explain_config.h"

#include "config/config_case.h"
#include "config/walk_fields.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

std::string explain(const std::string& key) {
  CaseConfig config;
  return explain_config(section_of(config), key);
}

TEST(ExplainConfig, TellsTypeRangeDefaultAndMeaningInOneLine) {
  EXPECT_EQ(explain("epochs"),
            "epochs  a whole number from 1 to 1000000000  default 10  passes over the data\n");
  EXPECT_THAT(explain("rule.momentum"),
              HasSubstr("default 0.9  share of the last update that is kept [with type sgd]"));
  EXPECT_THAT(explain("stages.0.size"), AllOf(HasSubstr("stages.N.size"), HasSubstr("required")));
}

TEST(ExplainConfig, ShowsASectionWithWhatIsInIt) {
  EXPECT_THAT(explain("rule"),
              AllOf(HasSubstr("rule  "), HasSubstr("or its type alone"), HasSubstr("rule.type"),
                    HasSubstr("rule.momentum"), Not(HasSubstr("epochs"))));
  EXPECT_THAT(explain(""), AllOf(HasSubstr("epochs"), HasSubstr("stages.N.noise")));
}

TEST(ExplainConfig, SuggestsASettingForOneThatDoesNotExist) {
  EXPECT_THAT(error_of([] { explain("epohcs"); }, ErrorKind::kUsage),
              AllOf(HasSubstr("no setting 'epohcs'; did you mean 'epochs'?"),
                    HasSubstr("`maas config explain` lists all settings")));
  EXPECT_THAT(error_of([] { explain("momentum"); }, ErrorKind::kUsage),
              HasSubstr("did you mean 'rule.momentum'?"));
}

TEST(ExplainConfigJson, HoldsTheSameAsText) {
  CaseConfig config;
  EXPECT_EQ(explain_config_json(section_of(config), "rule.momentum"),
            R"([{"key":"rule.momentum","takes":"a number from 0 to 0.9999","default":"0.9",)"
            R"("required":false,"meaning":"share of the last update that is kept",)"
            R"("only_with":{"type":["sgd"]}}])");
  EXPECT_THAT(explain_config_json(section_of(config), "rule"), HasSubstr(R"("default":null)"));
}

TEST(ConfigKeys, AreEveryKeyWithListItemsOnce) {
  CaseConfig config;
  const std::vector<std::string> keys = config_keys(section_of(config));
  EXPECT_EQ(keys.front(), "name");
  EXPECT_THAT(keys, Contains("rule.momentum"));
  EXPECT_THAT(keys, Contains("stages.N.size"));
  EXPECT_TRUE(config.stages.empty());
}

TEST(ConfigJsonSchema, SaysWhatEachKeyTakes) {
  CaseConfig config;
  const std::string schema = config_json_schema(section_of(config), "a title");
  EXPECT_THAT(schema, HasSubstr(R"("title":"a title")"));
  EXPECT_THAT(schema, HasSubstr(R"("epochs":{"description":"passes over the data",)"
                                R"("type":["integer","string"],"minimum":1,"maximum":1e+09,)"
                                R"("default":10})"));
  EXPECT_THAT(schema, HasSubstr(R"("enum":[18,34,50])"));
  EXPECT_THAT(schema, HasSubstr(R"("exclusiveMinimum":0)"));
  EXPECT_THAT(schema, testing::Not(HasSubstr(R"("required":["size"])")));
  EXPECT_TRUE(config.stages.empty());
}

TEST(ConfigPlaces, TurnSettingsIntoPlaces) {
  CaseConfig config;
  const ConfigPlaces places =
      read_config({.file = "",
                   .text = "name: x\nrule:\n  type: sgd\ncolumns: {age: numeric}\nhidden: [1, 2]\n"
                           "stages:\n  - {kind: flatten}\n  - {kind: linear, size: 2}\n",
                   .text_name = "a.yaml",
                   .overrides = {"epochs=3"}},
                  section_of(config));
  const auto located = [&](const std::string& where) {
    return places.located({ErrorKind::kUsage, {where, "is odd", "", "", ""}}).first().text();
  };
  EXPECT_EQ(located("rule.type"), "a.yaml:3:3: rule.type: is odd\n    type: sgd\n    ^");
  EXPECT_EQ(located("rule.momentum"), "a.yaml:2:1: rule.momentum: is odd\n  rule:\n  ^");
  EXPECT_EQ(located("columns.age"),
            "a.yaml:4:11: columns.age: is odd\n  columns: {age: numeric}\n            ^");
  EXPECT_THAT(located("columns.other"), HasSubstr("a.yaml:4:1: columns.other: is odd"));
  EXPECT_THAT(located("hidden.1"), HasSubstr("a.yaml:5:13: hidden.1"));
  EXPECT_THAT(located("rule (sgd)"), HasSubstr("a.yaml:2:1: rule (sgd): is odd"));
  EXPECT_EQ(located("stages.1 (second)"),
            "a.yaml:8:5: stages.1 (second): is odd\n    - {kind: linear, size: 2}\n      ^");
  EXPECT_THAT(located("stages.2"), HasSubstr("a.yaml:6:1: stages.2: is odd"));
  EXPECT_EQ(located("epochs"), "command line: epochs=3: epochs: is odd");
  EXPECT_THAT(located("warmup"), HasSubstr("a.yaml:1:1: warmup: is odd"));
}

TEST(ConfigPlaces, LeaveAloneWhatIsNoSetting) {
  const ConfigPlaces none;
  CaseConfig config;
  const ConfigPlaces places =
      read_config({.file = "", .text = "rule: sgd\n", .text_name = "a.yaml"}, section_of(config));
  for (const char* where : {"rule.pt", "/data/x.csv", "memory", "", "name.x"}) {
    const Error error(ErrorKind::kInput, {where, "is odd", "", "", ""});
    EXPECT_EQ(places.located(error).first().text(), error.first().text());
    EXPECT_EQ(none.located(error).first().text(), error.first().text());
  }
}

}  // namespace
}  // namespace maas
