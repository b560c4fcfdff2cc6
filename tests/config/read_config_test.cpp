// Faults C02 to C04: keys and values, and files that are none.
#include "config/read_config.h"

#include <sys/stat.h>
#include <unistd.h>

#include "config/config_case.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

CaseConfig load(const std::string& file, std::vector<std::string> overrides = {}) {
  return read_config<CaseConfig>({.file = file, .overrides = std::move(overrides)});
}

TEST(ReadConfig, SuggestsTheNearestKey) {
  EXPECT_THAT(refusal("epohcs: 3\n"),
              AllOf(HasSubstr("a.yaml:1:1: unknown key 'epohcs'; did you mean 'epochs'?"),
                    HasSubstr("\n  epohcs: 3\n  ^"), HasSubstr("`maas config explain` lists")));
  EXPECT_THAT(refusal("rule: {momentun: 0.5, type: sgd}\n"),
              HasSubstr("a.yaml:1:8: unknown key 'momentun' under rule; did you mean 'momentum'?"));
}

TEST(ReadConfig, SuggestsWhereAKeyBelongs) {
  EXPECT_THAT(refusal("momentum: 0.5\n"), HasSubstr("did you mean 'rule.momentum'?"));
  EXPECT_THAT(refusal("rule: {epochs: 5}\n"), Not(HasSubstr("did you mean")));
}

TEST(ReadConfig, SaysTheRangeOfANumberThatIsNone) {
  const std::string range = "expected a whole number from 1 to 1000000000";
  for (const char* bad : {"ten", "1.5", "-1", "0", "[1]", "{a: 1}", "", "null", "~", "true"}) {
    EXPECT_THAT(refusal(fmt::format("name: x\nepochs: {}\n", bad)),
                AllOf(HasSubstr("a.yaml:2:"), HasSubstr("epochs is "), HasSubstr(range),
                      HasSubstr("epochs: passes over the data")))
        << bad;
  }
  EXPECT_THAT(refusal("rate: -1\n"), HasSubstr("rate is '-1'; expected a number above 0"));
  EXPECT_THAT(refusal("rate: 0\n"), HasSubstr("rate is '0'; expected a number above 0"));
  EXPECT_THAT(refusal("limit: -1\n"),
              HasSubstr("limit is '-1'; expected a whole number of at least 0, or null"));
  EXPECT_THAT(refusal("depth: 19\n"), HasSubstr("depth is '19'; expected one of 18, 34, 50"));
}

TEST(ReadConfig, SaysWhatMisledTheWriterOfANumber) {
  EXPECT_THAT(refusal("epochs: 010\n"),
              AllOf(HasSubstr("epochs is '010'"), HasSubstr("remove the leading zero")));
  EXPECT_THAT(refusal("epochs: 1e3\n"), HasSubstr("write whole numbers in digits, or as 5k or 2M"));
  EXPECT_THAT(refusal("epochs: \"3\"\n"), HasSubstr("remove the quotes"));
  EXPECT_THAT(refusal("rate: .nan\n"), HasSubstr("NaN is no value"));
  EXPECT_THAT(refusal("rate: .inf\n"), HasSubstr("infinity is no value"));
}

TEST(ReadConfig, SaysWhatAShareIs) {
  const auto momentum = [](const std::string& text) {
    return refusal("rule: {type: sgd, momentum: " + text + "}\n");
  };
  EXPECT_THAT(momentum("1.5"), HasSubstr("it is a share: 1.5 % are 0.015"));
  EXPECT_THAT(momentum("90"), HasSubstr("it is a share: 90 % are 0.9"));
  EXPECT_THAT(momentum("1.5"), Not(HasSubstr("whole numbers")));
  EXPECT_THAT(refusal("epochs: 1.5\n"), HasSubstr("write whole numbers in digits"));
}

TEST(ReadConfig, TakesTrueAndFalseForAFlag) {
  EXPECT_FALSE(parse("prefetch: false\n").prefetch);
  for (const char* word : {"on", "yes", "True"}) {
    EXPECT_THAT(refusal(fmt::format("prefetch: {}\n", word)),
                AllOf(HasSubstr("a.yaml:1:11: prefetch is '"), HasSubstr("expected true or false"),
                      HasSubstr("write true")));
  }
  EXPECT_THAT(refusal("prefetch: off\n"), HasSubstr("write false"));
}

TEST(ReadConfig, TakesAWordThatMayStandAloneForAList) {
  EXPECT_THAT(parse("freeze: backbone\n").freeze, ElementsAre("backbone"));
  EXPECT_THAT(parse("freeze: [a.*, backbone]\n").freeze, ElementsAre("a.*", "backbone"));
  EXPECT_THAT(parse("", {"freeze=backbone"}).freeze, ElementsAre("backbone"));
  EXPECT_THAT(refusal("freeze: layer1.*\n"),
              AllOf(HasSubstr("freeze is 'layer1.*'; expected backbone, or a list such as"),
                    HasSubstr("write freeze: [layer1.*]")));
}

TEST(ReadConfig, TellsAListFromAScalar) {
  EXPECT_THAT(refusal("epochs: [3]\n"), HasSubstr("epochs is a list"));
  EXPECT_THAT(refusal("hidden: 64\n"),
              AllOf(HasSubstr("hidden is '64'; expected a list such as [128, 64]"),
                    HasSubstr("write hidden: [64]")));
  EXPECT_THAT(refusal("hidden: [64, x]\n"), HasSubstr("a.yaml:1:14: hidden.1 is 'x'"));
  EXPECT_THAT(refusal("name: [a]\n"), HasSubstr("name is a list; expected text"));
  EXPECT_THAT(refusal("rule: [sgd]\n"),
              HasSubstr("rule is a list; expected a map of settings, or its type alone"));
  EXPECT_THAT(refusal("stages: {kind: flatten}\n"), HasSubstr("stages is a map"));
}

TEST(ReadConfig, NamesTheWordsThatAChoiceHas) {
  EXPECT_THAT(refusal("rule: sdg\n"),
              AllOf(HasSubstr("rule.type is 'sdg'; expected one of sgd, adamw"),
                    HasSubstr("did you mean 'sgd'?")));
}

TEST(ReadConfig, RefusesSettingsThatHaveNoMeaningBesideOthers) {
  EXPECT_THAT(refusal("rule: {type: adamw, momentum: 0.5}\n"),
              AllOf(HasSubstr("a.yaml:1:21: rule.momentum has no meaning here"),
                    HasSubstr("expected it with rule.type sgd only")));
}

TEST(ReadConfig, MissesWhatIsRequired) {
  EXPECT_THAT(
      refusal("stages: [{kind: flatten}, {kind: linear}]\n"),
      AllOf(HasSubstr("a.yaml:1:27: stages.1.size is missing"),
            HasSubstr("expected a whole number of at least 1"), HasSubstr("add it: outputs")));
}

TEST(ReadConfig, ReportsEveryProblemInTheOrderOfTheFile) {
  const std::string text = refusal("rate: 0\nepohcs: 1\nrule: {type: x}\n", {"depth=1", "limit=x"});
  const size_t first = text.find("a.yaml:1:7"), second = text.find("a.yaml:2:1"),
               third = text.find("a.yaml:3:14"), fourth = text.find("command line: depth=1"),
               fifth = text.find("command line: limit=x");
  EXPECT_TRUE(first < second && second < third && third < fourth && fourth < fifth) << text;
  EXPECT_NE(fifth, text.npos);
}

TEST(ReadConfig, StopsAtTwentyProblemsAndCountsTheRest) {
  std::string text;
  for (int i = 0; i < 50; ++i) text += fmt::format("zzzzzzzzz{}: 1\n", i);
  const std::string said = refusal(text);
  EXPECT_THAT(said, AllOf(HasSubstr("a.yaml:20:1"), Not(HasSubstr("a.yaml:21:1")),
                          HasSubstr("(30 more problems are not shown)")));
}

TEST(ReadConfig, ReadsUnitsAndSuffixes) {
  const CaseConfig config = parse("epochs: 5k\nsteps: 200 steps\nwarmup: 5%\npause: 10m\n");
  EXPECT_EQ(config.epochs, 5000);
  EXPECT_EQ(config.steps, (Quantity{200, "steps"}));
  EXPECT_EQ(config.warmup, (Quantity{5, "%"}));
  EXPECT_EQ(config.pause, (Quantity{600, "s"}));
  EXPECT_THAT(refusal("steps: 5%\n"), HasSubstr("in no unit, steps, epochs, or null"));
  EXPECT_THAT(refusal("pause: 10\n"),
              HasSubstr("pause is '10'; expected a number in ms, s, m or h"));
}

TEST(ReadConfig, TakesOverridesInTheirOrder) {
  const CaseConfig config =
      parse("epochs: 3\nrule: sgd\nhidden: [1, 2]\n",
            {"epochs=4", "epochs=5", "rule.momentum=0.5", "hidden=[7]", "name=a b", "limit=null",
             "stages.0={kind: linear, size: 3}", "columns.age=numeric"});
  EXPECT_EQ(config.epochs, 5);
  EXPECT_EQ(config.rule.type, "sgd");
  EXPECT_EQ(config.rule.momentum, 0.5);
  EXPECT_THAT(config.hidden, ElementsAre(7));
  EXPECT_EQ(config.name, "a b");
  EXPECT_EQ(config.limit, std::nullopt);
  EXPECT_EQ(config.stages.at(0).size, 3);
  EXPECT_EQ(config.columns.at("age"), "numeric");
}

TEST(ReadConfig, TakesASettingBackFromTheCommandLine) {
  const std::string text =
      "name: x\nepochs: 3\nrule: {type: sgd, momentum: 0.5}\ncolumns: {age: numeric, id: ignore}\n";
  const CaseConfig usual = parse("name: x\n");
  const CaseConfig config = parse(text, {"epochs=null", "rule=~", "columns.id=null"});
  EXPECT_EQ(config.epochs, usual.epochs);
  EXPECT_EQ(config.rule.type, usual.rule.type);
  EXPECT_THAT(config.columns, ElementsAre(Pair("age", "numeric")));
  EXPECT_EQ(parse(text, {"rule.momentum=null"}).rule.type, "sgd");
  EXPECT_EQ(parse(text, {"epochs=null", "epochs=9"}).epochs, 9);
  // A word in quotes is one, and an empty shell variable no wish.
  EXPECT_EQ(parse(text, {"name='null'"}).name, "null");
  EXPECT_THAT(refusal(text, {"epochs="}), HasSubstr("epochs is nothing"));
  EXPECT_THAT(refusal(text, {"epohcs=null"}), HasSubstr("unknown key 'epohcs'"));
}

TEST(ReadConfig, ChangesSingleItemsOfAListFromTheCommandLine) {
  const std::string text = "stages: [{kind: flatten}, {kind: linear, size: 3}]\n";
  EXPECT_EQ(parse(text, {"stages.1.size=9"}).stages.at(1).size, 9);
  EXPECT_EQ(parse(text, {"stages.2={kind: flatten}"}).stages.size(), 3U);
  EXPECT_THAT(refusal(text, {"stages.5.size=9"}),
              AllOf(HasSubstr("command line: stages.5.size=9: no item '5' in this list"),
                    HasSubstr("0 to 1, or 2 to append")));
}

TEST(ReadConfig, SaysThatAnOverrideCameFromTheCommandLine) {
  EXPECT_THAT(refusal("", {"epochs=ten"}), HasSubstr("command line: epochs=ten: epochs is 'ten'"));
  EXPECT_THAT(refusal("", {"epohcs=3"}), HasSubstr("did you mean 'epochs'?"));
  EXPECT_THAT(refusal("", {"epochs"}),
              HasSubstr("command line: epochs: no setting; expected key=value"));
  for (const char* bad : {"=3", ".a=1", "a..b=1", "a.=1", "epochs=[1", "epochs=1\nname: x"}) {
    EXPECT_THAT(refusal("", {bad}), HasSubstr("command line: ")) << bad;
  }
  EXPECT_THAT(refusal("", {std::string(2000, 'a') + "=1"}), HasSubstr("unknown key"));
}

TEST(ReadConfig, FindsInputsBesideTheFileThatNamesThem) {
  const Scratch scratch;
  const std::string file = scratch.write("configs/a.yaml", "input: ../data/x.csv\n");
  EXPECT_EQ(load(file).input.path, scratch.path("data/x.csv"));
  EXPECT_EQ(load(file, {"input=here.csv"}).input.path,
            (std::filesystem::current_path() / "here.csv").string());
  EXPECT_EQ(load(file, {"input=/abs/x"}).input.path, "/abs/x");
  EXPECT_EQ(load(file, {"input=-"}).input.path, "-");
}

TEST(ReadConfig, SaysWhatIsWrongWithTheFile) {
  const Scratch scratch;
  scratch.write("mnist.yaml", "name: x\n");
  EXPECT_THAT(error_of([&] { load(scratch.path("minst.yaml")); }),
              AllOf(HasSubstr("minst.yaml: cannot open: No such file"),
                    HasSubstr("did you mean '" + scratch.path("mnist.yaml") + "'?")));
  EXPECT_THAT(error_of([&] { load(scratch.path("")); }), HasSubstr("is a folder"));
  EXPECT_EQ(load(scratch.write("empty.yaml", "")).name, "model");
  const std::string large = scratch.write("large.yaml", "");
  ASSERT_EQ(::truncate(large.c_str(), 100 << 20), 0);
  EXPECT_THAT(error_of([&] { load(large); }, ErrorKind::kUsage),
              AllOf(HasSubstr("104857600 bytes"), HasSubstr("a config of at most 1 MiB")));
  EXPECT_THAT(error_of([&] { load(scratch.write("list.yaml", "- a\n")); }, ErrorKind::kUsage),
              AllOf(HasSubstr("list.yaml:1:1: the config is a list"), HasSubstr("maas init")));
}

TEST(ReadConfig, SaysThatTheFileMayNotBeRead) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const Scratch scratch;
  const std::string file = scratch.write("a.yaml", "name: x\n");
  ASSERT_EQ(::chmod(file.c_str(), 0), 0);
  EXPECT_THAT(error_of([&] { load(file); }, ErrorKind::kResources), HasSubstr("Permission denied"));
}

}  // namespace
}  // namespace maas
