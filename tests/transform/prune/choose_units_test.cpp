#include "transform/prune/choose_units.h"

#include <ATen/ops/full.h>
#include <gmock/gmock.h>

#include <limits>

#include "transform/prune/equivalence.h"
#include "zoo/small_data.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

const Program& lenet() {
  static const Program program = build(network("lenet5"), images(1, 28));
  return program;
}

UnitChoice choice_of(const Program& program, const PruneConfig& config) {
  const auto groups = dim_groups(program);
  const Scores scores = importance(program, groups, criterion_of(config.criterion), 1);
  return choose_units(program, groups, scores, config, "model.pt");
}

std::string refusal(const PruneConfig& config) {
  return error_of([&] { choice_of(lenet(), config); }, ErrorKind::kUsage);
}

double share_of(int64_t part, int64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

TEST(ChooseUnits, LeavesHalfOfTheMultiplyAddsByDefault) {
  for (const char* scope : {"global", "local"}) {
    PruneConfig config;
    config.round_to = 1;
    config.scope = scope;
    const UnitChoice choice = choice_of(lenet(), config);
    EXPECT_NEAR(share_of(choice.after.multiply_adds, choice.before.multiply_adds), 0.49, 0.01);
    const auto groups = dim_groups(lenet());
    const Program shrunk = shrink(lenet(), groups, choice.kept, "model.pt");
    EXPECT_EQ(macs_of(shrunk), choice.after.multiply_adds) << scope;
    EXPECT_EQ(shrunk.parameter_count(), choice.after.parameters) << scope;
  }
}

TEST(ChooseUnits, MeetsBothTargetsWhereBothAreGiven) {
  PruneConfig config;
  config.target.macs = 0.9;
  config.target.params = 0.3;
  const UnitChoice choice = choice_of(lenet(), config);
  EXPECT_LE(share_of(choice.after.parameters, choice.before.parameters), 0.3);
  EXPECT_LE(share_of(choice.after.multiply_adds, choice.before.multiply_adds), 0.9);
}

TEST(ChooseUnits, TakesTheSameShareOfEveryLayerByALocalRatio) {
  PruneConfig config;
  config.scope = "local";
  config.ratio = 0.25;
  const auto groups = dim_groups(lenet());
  const UnitChoice choice = choice_of(lenet(), config);
  std::vector<size_t> left;
  for (size_t g = 0; g < groups.size(); ++g) {
    if (groups[g].blocked_by.empty()) left.push_back(choice.kept[g].size());
  }
  EXPECT_THAT(left, ElementsAre(24, 48, 96));
}

TEST(ChooseUnits, KeepsMultiplesOfChannels) {
  PruneConfig config;
  config.round_to = 8;
  const auto groups = dim_groups(lenet());
  const UnitChoice choice = choice_of(lenet(), config);
  for (size_t g = 0; g < groups.size(); ++g) {
    if (!groups[g].blocked_by.empty()) continue;
    EXPECT_EQ(choice.kept[g].size() % 8, 0U) << groups[g].name;
  }
}

TEST(ChooseUnits, KeepsMultiplesOfEightOfWideLayersByDefault) {
  const auto groups = dim_groups(lenet());
  const UnitChoice choice = choice_of(lenet(), {});
  EXPECT_LE(share_of(choice.after.multiply_adds, choice.before.multiply_adds), 0.5);
  size_t wide = 0;
  for (size_t g = 0; g < groups.size(); ++g) {
    if (!groups[g].blocked_by.empty() || groups[g].units < 64) continue;
    EXPECT_EQ(choice.kept[g].size() % 8, 0U) << groups[g].name;
    ++wide;
  }
  EXPECT_EQ(wide, 2U);
}

TEST(ChooseUnits, KeepsTheShapeOfIgnoredLayers) {
  PruneConfig config;
  config.ignore = {"conv2"};
  config.ratio = 0.4;
  const auto groups = dim_groups(lenet());
  const Program shrunk = shrink(lenet(), groups, choice_of(lenet(), config).kept, "model.pt");
  EXPECT_THAT(sizes_of_tensor(shrunk, "conv2.weight"), ElementsAre(64, 32, 5, 5));
}

TEST(ChooseUnits, NamesTheLayerThatARatioEmpties) {
  PruneConfig config;
  config.scope = "local";
  config.ratio = 1.0;
  EXPECT_THAT(refusal(config),
              AllOf(HasSubstr("prune.ratio: 1 leaves 0 of the 32 units of 'conv1'"),
                    HasSubstr("fix: use a smaller ratio")));
}

TEST(ChooseUnits, SaysWhatCanBeMetWhereATargetCannot) {
  PruneConfig config;
  config.target.macs = 0.001;
  EXPECT_THAT(refusal(config), AllOf(HasSubstr("prune.target.macs: 0.001 cannot be met: 0.0"),
                                     HasSubstr("expected at least 0.0")));
}

TEST(ChooseUnits, RefusesALayerToIgnoreThatIsNotThere) {
  PruneConfig config;
  config.ignore = {"conv22"};
  EXPECT_THAT(refusal(config),
              HasSubstr("prune.ignore: no layer is named 'conv22'; did you mean 'conv2'?"));
}

TEST(ChooseUnits, SaysWhyNothingCanShrink) {
  ModelConfig config = network("mlp");
  config.hidden = {};
  const Program linear = build(config, table(3));
  EXPECT_THAT(error_of([&] { choice_of(linear, {}); }, ErrorKind::kUsage),
              AllOf(HasSubstr("model.pt: no layer of this network can shrink"),
                    HasSubstr("'fc1' may not: it reaches the output 'logits'")));
}

TEST(Importance, RanksUnitsByTheirNormsOverAllMembers) {
  ModelConfig config = network("mlp");
  config.hidden = {4};
  Program program = build(config, table(3));
  program.parameters["fc1.weight"] = at::tensor({1.0, 1.0, 1.0, 3.0}).view({4, 1}).expand({4, 3});
  program.parameters["fc2.weight"] = at::tensor({2.0, 1.0, 2.0, 3.0}).expand({3, 4});
  const auto groups = dim_groups(program);
  const DimGroup* hidden = group_with(groups, "fc1.weight", 0);
  ASSERT_NE(hidden, nullptr);
  const Scores scores = importance(program, groups, criterion_of("l2"), 1);
  const auto& of_hidden = scores[static_cast<size_t>(hidden - groups.data())];
  // (1 / 1.5 + 2 / 2) / 2 and so on
  EXPECT_THAT(of_hidden,
              ElementsAre(testing::DoubleNear(5.0 / 6, 1e-6), testing::DoubleNear(7.0 / 12, 1e-6),
                          testing::DoubleNear(5.0 / 6, 1e-6), testing::DoubleNear(1.75, 1e-6)));
}

TEST(Importance, NamesAWeightThatIsNoNumber) {
  Program program = lenet();
  at::Tensor broken = program.parameters.at("fc1.bias").clone();
  broken[3] = std::numeric_limits<double>::quiet_NaN();
  program.parameters["fc1.bias"] = broken;
  EXPECT_THAT(error_of([&] { refuse_not_finite(program, "model.pt"); }),
              HasSubstr("model.pt: 1 of 128 elements of 'fc1.bias' are NaN or infinite"));
}

TEST(Importance, NamesTheCriteriaThatThereAre) {
  EXPECT_THAT(error_of([] { criterion_of("l3"); }, ErrorKind::kUsage),
              AllOf(HasSubstr("prune.criterion: there is no 'l3'"), HasSubstr("l2, l1, random")));
}

}  // namespace
}  // namespace maas
