#include "transform/prune/prune.h"

#include <gmock/gmock.h>

#include <limits>

#include "transform/prune/equivalence.h"
#include "transform/quantize/quantized.h"
#include "zoo/small_data.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

const Program& convnet() {
  static const Program program = build(network("convnet"), images(1, 28));
  return program;
}

std::string refusal_of(const Program& program) {
  return error_of([&] { plan_prune(program, {}, 1, "model.pt"); });
}

TEST(Prune, SaysWhatIsLeftLayerByLayer) {
  const PrunePlan plan = plan_prune(convnet(), {}, 1, "model.pt");
  const Rewritten result = pruned(convnet(), plan, "model.pt");
  EXPECT_THAT(result.change, HasSubstr("of the multiply-adds"));
  ASSERT_FALSE(result.layers.empty());
  EXPECT_EQ(result.layers[0].name, "block1.conv1.weight");
  EXPECT_EQ(result.layers[0].op, "aten::conv2d");
  EXPECT_LT(result.layers[2].figures.at("left"), 1);
  EXPECT_THAT(plan_lines(plan),
              Contains(HasSubstr("fc: dimension 0 of fc.weight stays: it reaches")));
}

TEST(Prune, PlansTheSameFromTheSameSeed) {
  PruneConfig config;
  config.criterion = "random";
  const auto kept = [&](uint64_t seed) {
    return plan_prune(convnet(), config, seed, "model.pt").choice.kept;
  };
  EXPECT_EQ(kept(1), kept(1));
  EXPECT_NE(kept(1), kept(2));
}

TEST(Prune, LeavesTheProgramThatItWasGivenAsItWas) {
  const Program program = convnet();
  const std::string before = to_text(program);
  pruned(program, plan_prune(program, {}, 1, "model.pt"), "model.pt");
  EXPECT_EQ(to_text(program), before);
}

TEST(Prune, RefusesAQuantizedNetwork) {
  QuantizeJob job;
  job.config.scheme = "w8";
  EXPECT_THAT(
      refusal_of(quantized(convnet(), job).program),
      AllOf(HasSubstr("model.pt: a quantized network"), HasSubstr("fix: prune its parent")));
}

TEST(Prune, NamesAWeightThatIsNoNumber) {
  Program program = convnet();
  at::Tensor broken = program.parameters.at("fc.bias").clone();
  broken[3] = std::numeric_limits<double>::infinity();
  program.parameters["fc.bias"] = broken;
  EXPECT_THAT(refusal_of(program), HasSubstr("model.pt: 1 of 10 elements of 'fc.bias' are NaN"));
}

TEST(Prune, FineTunesWithTheModelsOwnSectionButForEpochsAndRate) {
  Experiment experiment;
  experiment.train.steps = Quantity{200, "steps"};
  experiment.train.schedule.warmup = {5, "epochs"};
  experiment.train.batch_size = 17;
  const TrainConfig train = finetuning(experiment, {.epochs = 2, .learning_rate = 0.5}).train;
  EXPECT_EQ(train.epochs, 2);
  EXPECT_FALSE(train.steps.has_value());
  EXPECT_EQ(train.schedule.warmup, Quantity{});
  EXPECT_EQ(train.learning_rate, 0.5);
  EXPECT_EQ(train.batch_size, 17);
}

}  // namespace
}  // namespace maas
