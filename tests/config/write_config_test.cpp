#include "config/write_config.h"

#include <random>

#include "config/config_case.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(WriteConfig, WritesEveryDefaultOnce) {
  CaseConfig config;
  EXPECT_EQ(write_config(config),
            "name: model\nepochs: 10\ndepth: 18\nrate: 0.001\nprefetch: true\nwarmup: 0\n"
            "pause: 10s\nhidden: [128]\nweights: []\nmetrics: []\nfreeze: []\ncolumns: {}\n"
            "inputs: []\nrule:\n  type: adamw\nstages: []\n");
}

TEST(WriteConfig, LeavesOutWhatHasNoMeaningOrNoValue) {
  CaseConfig config = parse("rule: sgd\nstages: [{kind: flatten}]\n");
  EXPECT_THAT(write_config(config), AllOf(HasSubstr("momentum: 0.9"), HasSubstr("- kind: flatten"),
                                          Not(HasSubstr("size")), Not(HasSubstr("limit"))));
}

TEST(WriteConfig, CommentsEachLineWithItsMeaning) {
  CaseConfig config;
  const std::string text = write_config(config, {.comments = true});
  EXPECT_THAT(text, HasSubstr("epochs: 10  # passes over the data\n"));
  EXPECT_EQ(parse(text).epochs, 10);
}

// Any text that a config can hold: also what looks like numbers, YAML or control characters.
std::string any_text(std::mt19937_64& random) {
  static const std::vector<std::string> kPieces = {"a",
                                                   "B",
                                                   " ",
                                                   "1",
                                                   "0",
                                                   "-",
                                                   ":",
                                                   ": ",
                                                   "#",
                                                   " #",
                                                   "\"",
                                                   "'",
                                                   "\\",
                                                   "\n",
                                                   "\t",
                                                   "\r",
                                                   "[",
                                                   "]",
                                                   "{",
                                                   "}",
                                                   ",",
                                                   "&",
                                                   "*",
                                                   "!",
                                                   "|",
                                                   ">",
                                                   "%",
                                                   "@",
                                                   "`",
                                                   "~",
                                                   "\x01",
                                                   "\x7f",
                                                   "é",
                                                   "漢",
                                                   "😀",
                                                   "null",
                                                   "true",
                                                   ".nan",
                                                   "<<",
                                                   "---",
                                                   "\n---\n",
                                                   "?",
                                                   "? ",
                                                   "- ",
                                                   "=",
                                                   "e3",
                                                   "\xC2\x85",
                                                   "\xE2\x80\xA8",
                                                   "\xEF\xBB\xBF",
                                                   "...",
                                                   "\n...\n"};
  std::string text;
  for (size_t pieces = random() % 8; pieces > 0; --pieces)
    text += kPieces[random() % kPieces.size()];
  return text;
}

CaseConfig any_config(std::mt19937_64& random) {
  const auto number = [&] {
    return std::ldexp(static_cast<double>(random() % 10000), -(int)(random() % 60));
  };
  CaseConfig config;
  config.name = any_text(random);
  config.epochs = 1 + static_cast<int64_t>(random() % 1'000'000'000);
  config.rate = number() + 1e-300;
  config.prefetch = random() % 2 == 0;
  if (random() % 2 == 0) config.limit = static_cast<int64_t>(random() >> 1);
  if (random() % 2 == 0)
    config.steps = Quantity{1 + number(), random() % 2 == 0 ? "steps" : "epochs"};
  config.warmup = {number(), random() % 2 == 0 ? "%" : ""};
  config.hidden = {1 + static_cast<int64_t>(random() >> 2), 7};
  for (size_t i = random() % 4; i > 0; --i) {
    config.weights.push_back(number());
    config.metrics.push_back(any_text(random));
    config.columns[any_text(random) + "x"] = any_text(random);
    config.inputs.push_back({"/" + std::to_string(i) + "/x" + any_text(random) + "x"});
    StageConfig stage;
    stage.kind = random() % 2 == 0 ? "linear" : "flatten";
    stage.size = 1 + static_cast<int64_t>(random() % 100);
    if (random() % 2 == 0) stage.noise = 0.25;
    config.stages.push_back(stage);
  }
  if (random() % 2 == 0) config.rule = {"sgd", 0.125};
  return config;
}

TEST(WriteConfig, ReadsBackTheSame) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 1000; ++i) {
    CaseConfig config = any_config(random);
    for (InputPath& path : config.inputs) {
      path.path = std::filesystem::path(path.path).lexically_normal().string();
    }
    const std::string text = write_config(config);
    CaseConfig again = parse(text);
    ASSERT_EQ(again.name, config.name) << text;
    ASSERT_EQ(again.columns, config.columns) << text;
    ASSERT_EQ(again.metrics, config.metrics) << text;
    ASSERT_EQ(again.inputs, config.inputs) << text;
    ASSERT_EQ(again.rate, config.rate) << text;
    ASSERT_EQ(again.warmup, config.warmup) << text;
    ASSERT_EQ(again.steps, config.steps) << text;
    ASSERT_EQ(write_config(again), text);
    CaseConfig from_json = parse(write_config_json(section_of(config)));
    ASSERT_EQ(write_config(from_json), text) << write_config_json(section_of(config));
  }
}

}  // namespace
}  // namespace maas
