#include "train/tune_config.h"

#include <gmock/gmock.h>

#include <cmath>
#include <set>

#include "support/scratch.h"

namespace maas {
namespace {

using testing::HasSubstr;

TEST(SearchRange, DrawsNumbersWithinItsEnds) {
  const SearchRange rate = parse_range("train.learning_rate", "1e-4 .. 1e-1");
  EXPECT_TRUE(rate.is_log);
  const SearchRange rows = parse_range("train.batch_size", "8 .. 11");
  EXPECT_TRUE(rows.is_whole);
  std::set<std::string> seen;
  int small = 0;
  for (int64_t trial = 0; trial < 300; ++trial) {
    const double value = std::stod(drawn_value(rate, 1, trial));
    EXPECT_GE(value, 1e-4);
    EXPECT_LE(value, 1e-1);
    small += value < std::sqrt(1e-5) ? 1 : 0;
    seen.insert(drawn_value(rows, 1, trial));
  }
  EXPECT_NEAR(small, 150, 40);  // half lie below the geometric middle
  EXPECT_EQ(seen, (std::set<std::string>{"8", "9", "10", "11"}));
  EXPECT_EQ(drawn_value(rate, 1, 7), drawn_value(rate, 1, 7));
  EXPECT_NE(drawn_value(rate, 2, 7), drawn_value(rate, 1, 7));
}

TEST(SearchRange, DrawsChoicesThatMayBeLists) {
  const SearchRange range = parse_range("model.hidden", "[64] | [128, 64] | null");
  EXPECT_EQ(range.choices, (std::vector<std::string>{"[64]", "[128, 64]", "null"}));
  std::set<std::string> seen;
  for (int64_t trial = 0; trial < 100; ++trial) seen.insert(drawn_value(range, 0, trial));
  EXPECT_EQ(seen.size(), 3U);
}

TEST(SearchRange, OfWholeEndsIsOfFractionsWhereTheSettingIs) {
  TuneConfig config;
  config.settings = {{"model.dropout", "0 .. 1"},
                     {"model.layers.2.probability", "0 .. 1"},
                     {"train.batch_size", "8 .. 11"}};
  for (const SearchRange& range : search_space(config)) {
    EXPECT_EQ(range.is_whole, range.setting == "train.batch_size") << range.setting;
  }
}

TEST(SearchRange, NamesTheSettingThatIsWrong) {
  const auto message = [](const std::string& text) {
    return error_of([&] { parse_range("train.ema", text); }, ErrorKind::kUsage);
  };
  EXPECT_THAT(message("a .. 3"),
              HasSubstr("tune.settings: train.ema: 'a .. 3'; expected two numbers"));
  EXPECT_THAT(message("3 .. 1"), HasSubstr("an end above the start"));
  EXPECT_THAT(message("3"), HasSubstr("two choices or more"));
  EXPECT_THAT(message("3 | "), HasSubstr("two choices or more"));
  EXPECT_THAT(error_of([] { search_space({}); }, ErrorKind::kUsage), HasSubstr("names no setting"));
}

TEST(RoundEpochs, GrowByWhatIsLeftOut) {
  TuneConfig config;
  EXPECT_EQ(round_epochs(config, 90), (std::vector<int64_t>{10, 30, 90}));
  EXPECT_EQ(round_epochs(config, 4), (std::vector<int64_t>{1, 4}));
  EXPECT_EQ(round_epochs(config, 2), (std::vector<int64_t>{2}));
  config.rounds = 1;
  EXPECT_EQ(round_epochs(config, 90), (std::vector<int64_t>{90}));
}

TEST(SettingImportance, IsHighForWhatDecidesAndLowForWhatDoesNot) {
  const std::vector<SearchRange> space = {parse_range("a", "1e-4 .. 1e-1"),
                                          parse_range("b", "x | y"), parse_range("c", "0 .. 1.5")};
  std::vector<std::vector<std::string>> drawn(3);
  std::vector<double> values, by_choice;
  for (int64_t trial = 0; trial < 60; ++trial) {
    for (size_t s = 0; s < 3; ++s) drawn[s].push_back(drawn_value(space[s], 3, trial));
    const double off = std::log10(std::stod(drawn[0].back())) + 2.5;
    values.push_back(off * off);
    by_choice.push_back(drawn[1].back() == "x" ? 1 : 0);
  }
  const auto one = setting_importance(space, drawn, values);
  EXPECT_GT(one[0], 0.8);
  EXPECT_LT(one[1], 0.2);
  EXPECT_LT(one[2], 0.2);
  EXPECT_GT(setting_importance(space, drawn, by_choice)[1], 0.99);
  EXPECT_EQ(setting_importance(space, {{}, {}, {}}, {}), (std::vector<double>{0, 0, 0}));
}

}  // namespace
}  // namespace maas
