#include "config/config_case.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

CaseConfig load(const std::string& file, std::vector<std::string> overrides = {}) {
  return read_config<CaseConfig>({.file = file, .overrides = std::move(overrides)});
}

TEST(Extends, MergesMapsAndReplacesListsAndScalars) {
  const Scratch scratch;
  scratch.write("base.yaml", "epochs: 3\nhidden: [1, 2]\nrule: {type: sgd, momentum: 0.5}\n");
  const std::string file = scratch.write(
      "a.yaml", "extends: base.yaml\nepochs: 4\nhidden: [9]\nrule: {momentum: 0.7}\n");
  const CaseConfig config = load(file);
  EXPECT_EQ(config.epochs, 4);
  EXPECT_THAT(config.hidden, ElementsAre(9));
  EXPECT_EQ(config.rule.type, "sgd");
  EXPECT_EQ(config.rule.momentum, 0.7);
  EXPECT_EQ(load(file, {"rule.momentum=0.2"}).rule.momentum, 0.2);
}

TEST(Extends, LetsShorthandsAndMapsMergeEitherWay) {
  const Scratch scratch;
  scratch.write("base.yaml", "rule: sgd\n");
  EXPECT_EQ(load(scratch.write("a.yaml", "extends: base.yaml\nrule: {momentum: 0.7}\n")).rule.type,
            "sgd");
  scratch.write("base.yaml", "rule: {type: sgd, momentum: 0.7}\n");
  EXPECT_EQ(load(scratch.write("a.yaml", "extends: base.yaml\nrule: sgd\n")).rule.momentum, 0.7);
}

TEST(Extends, DropsInheritedSettingsOfAnotherKind) {
  const Scratch scratch;
  scratch.write("base.yaml", "rule: {type: sgd, momentum: 0.7}\n");
  EXPECT_EQ(load(scratch.write("a.yaml", "extends: base.yaml\nrule: adamw\n")).rule.type, "adamw");
  EXPECT_EQ(load(scratch.path("base.yaml"), {"rule=adamw"}).rule.type, "adamw");
}

TEST(Extends, AloneChangesNothing) {
  const Scratch scratch;
  scratch.write("base.yaml", "epochs: 3\n");
  EXPECT_EQ(load(scratch.write("a.yaml", "extends: base.yaml\n")).epochs, 3);
}

TEST(Extends, KeepsPathsRelativeToTheFileThatNamesThem) {
  const Scratch scratch;
  scratch.write("base/base.yaml", "input: x.csv\n");
  EXPECT_EQ(load(scratch.write("a.yaml", "extends: base/base.yaml\n")).input.path,
            scratch.path("base/x.csv"));
}

TEST(Extends, NamesTheFileAndLineOfAProblemInTheBase) {
  const Scratch scratch;
  const std::string base = scratch.write("base.yaml", "name: x\nepochs: ten\n");
  EXPECT_THAT(
      error_of([&] { load(scratch.write("a.yaml", "extends: base.yaml\n")); }, ErrorKind::kUsage),
      HasSubstr(base + ":2:9: epochs is 'ten'"));
}

TEST(Extends, NamesTheLineThatLeadsToAMissingFile) {
  const Scratch scratch;
  const std::string file = scratch.write("a.yaml", "name: x\nextends: nothing.yaml\n");
  EXPECT_THAT(error_of([&] { load(file); }),
              AllOf(HasSubstr(file + ":2:1: extends "), HasSubstr("nothing.yaml: cannot open"),
                    HasSubstr("paths count from the folder of the file that extends")));
}

TEST(Extends, EndsInACircleOrALongChain) {
  const Scratch scratch;
  scratch.write("a.yaml", "extends: b.yaml\n");
  scratch.write("b.yaml", "extends: ./a.yaml\n");
  EXPECT_THAT(error_of([&] { load(scratch.path("a.yaml")); }, ErrorKind::kUsage),
              AllOf(HasSubstr("extends leads back to"), HasSubstr("remove one of the extends")));
  for (int i = 0; i < 40; ++i) {
    scratch.write(fmt::format("{}.yaml", i), fmt::format("extends: {}.yaml\n", i + 1));
  }
  EXPECT_THAT(error_of([&] { load(scratch.path("0.yaml")); }, ErrorKind::kUsage),
              HasSubstr("more than 32 configs"));
}

TEST(Extends, TakesAPath) {
  for (const char* bad : {"[a]", "{a: b}", "", "\"\""}) {
    EXPECT_THAT(refusal(fmt::format("extends: {}\n", bad)), HasSubstr("extends is ")) << bad;
  }
}

struct Network {
  InputPath from;
  std::string type = "mlp";
  std::vector<int64_t> hidden = {128}, channels = {8};
  double part = 0;
  void describe(Fields& field) {
    field("from", from).instead_of({"type", "hidden", "channels"});
    field("type", type).one_of({"mlp", "convnet"}).instead_of({"from"}).unless("from");
    field("hidden", hidden).only_for("type", {"mlp"}).unless("from");
    field("channels", channels).only_for("type", {"convnet"}).unless("from");
    field("part", part).instead_of({"from"});
  }
};

struct WithNetwork {
  Network network;
  void describe(Fields& field) { field("network", network).shorthand("type"); }
};

Network network_of(const std::string& earlier, const std::string& later,
                   std::vector<std::string> overrides = {}) {
  const Scratch scratch;
  return read_config<WithNetwork>({.base = earlier,
                                   .base_name = "the model's config",
                                   .file = scratch.write("a.yaml", later),
                                   .overrides = std::move(overrides)})
      .network;
}

TEST(Extends, LetsAFileOverARememberedConfigChangeTheKind) {
  const std::string remembered = "network: {type: mlp, hidden: [3]}\n";
  const Network network = network_of(remembered, "network: {type: convnet, channels: [4]}\n");
  EXPECT_EQ(network.type, "convnet");
  EXPECT_THAT(network.channels, testing::ElementsAre(4));
  EXPECT_THAT(error_of([&] { network_of(remembered, "network: {type: mlp, channels: [4]}\n"); },
                       ErrorKind::kUsage),
              HasSubstr("network.channels has no meaning here"));
}

TEST(Extends, LetsTheLaterOfTwoThatExcludeEachOtherWin) {
  const std::string from = "network: {from: net.pt}\n", type = "network: {type: convnet}\n",
                    sizes = "network: {type: convnet, channels: [4]}\n", none = "{}\n";
  EXPECT_EQ(network_of(from, type).from.path, "");
  EXPECT_EQ(network_of(none, from, {"network=convnet"}).from.path, "");
  EXPECT_EQ(network_of(none, from, {"network.type=convnet"}).type, "convnet");
  EXPECT_THAT(network_of(sizes, from).from.path, testing::EndsWith("net.pt"));
  EXPECT_THAT(network_of(sizes, from).channels, testing::ElementsAre(8));
  EXPECT_EQ(network_of(none, from, {"network.part=0.5"}).from.path, "");
}

TEST(Extends, TakesNothingForNoReasonToReplaceWhatExcludesIt) {
  const std::string from = "network: {from: net.pt}\n";
  EXPECT_THAT(network_of("{}\n", from, {"network.part=0"}).from.path, testing::EndsWith("net.pt"));
}

TEST(Extends, LetsTheLaterOfTheCommandLineWin) {
  const auto from = [](std::vector<std::string> overrides) {
    return network_of("{}\n", "{}\n", std::move(overrides)).from.path;
  };
  EXPECT_EQ(from({"network.from=net.pt", "network.type=mlp"}), "");
  EXPECT_THAT(from({"network={type: mlp, hidden: [4]}", "network={from: net.pt}"}),
              testing::EndsWith("net.pt"));
}

TEST(Extends, WritesNothingThatIsMootBesideAnother) {
  WithNetwork config;
  config.network.from.path = "/net.pt";
  EXPECT_EQ(write_config(config), "network:\n  from: /net.pt\n  part: 0\n");
}

}  // namespace
}  // namespace maas
