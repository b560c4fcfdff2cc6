#include <ATen/ops/equal.h>
#include <gmock/gmock.h>

#include "call/verify.h"
#include "program/mode.h"
#include "zoo/small_data.h"

namespace maas {
namespace {

using testing::ElementsAre;

std::vector<std::string> operators(const Program& program) {
  std::vector<std::string> names;
  for (const Node& node : program.nodes) names.push_back(node.op.substr(6));
  return names;
}

TEST(Mlp, HasTheParametersOfItsWidths) {
  EXPECT_EQ(build(network("mlp"), images(1, 28)).parameter_count(), 101'770);  // 784-128-10
  EXPECT_EQ(build(network("lenet300"), images(1, 28)).parameter_count(), 266'610);
  ModelConfig deep = network("mlp");
  deep.hidden = {5, 7};
  EXPECT_EQ(build(deep, table(4)).parameter_count(), 4 * 5 + 5 + 5 * 7 + 7 + 7 * 3 + 3);
}

TEST(Mlp, MultipliesEachWeightOnceASample) {
  EXPECT_EQ(macs_of(build(network("mlp"), images(1, 28))), 784 * 128 + 128 * 10);
}

TEST(Mlp, IsOneLinearLayerWithoutHiddenOnes) {
  ModelConfig linear = network("mlp");
  linear.hidden = {};
  const Program program = build(linear, table(4));
  EXPECT_EQ(program.parameter_count(), 4 * 3 + 3);
  EXPECT_EQ(program.parameters.at("fc1.weight").sizes(), (at::IntArrayRef{3, 4}));
}

TEST(Mlp, NormalisesThenActivatesThenDropsBehindEachHiddenLayer) {
  ModelConfig config = network("mlp");
  config.hidden = {8, 8};
  config.batch_norm = true;
  config.dropout = 0.25;
  const Program program = build(config, table(4));
  EXPECT_NO_THROW(verify(program, "mlp"));
  EXPECT_THAT(operators(program),
              ElementsAre("sub", "div", "linear", "batch_norm", "relu", "dropout", "linear",
                          "batch_norm", "relu", "dropout", "linear"));
  for (const Node* node : nodes_of(program, "dropout"))
    EXPECT_EQ(setting<double>(*node, "p"), 0.25);
}

TEST(Mlp, HoldsNothingThatWasNotAskedFor) {
  EXPECT_THAT(operators(build(network("mlp"), table(4))),
              ElementsAre("sub", "div", "linear", "relu", "linear"));
}

TEST(Mlp, ActivatesAsItIsTold) {
  for (const char* kind : {"relu", "sigmoid", "tanh", "gelu", "silu", "leaky_relu"}) {
    ModelConfig config = network("mlp");
    config.activation = kind;
    const Program program = build(config, table(4));
    EXPECT_NO_THROW(verify(program, kind));
    EXPECT_THAT(operators(program), ElementsAre("sub", "div", "linear", kind, "linear"));
  }
}

TEST(Mlp, StartsItsNormsAtOneAndZero) {
  ModelConfig config = network("mlp");
  config.batch_norm = true;
  const Program program = build(config, table(4));
  EXPECT_TRUE(program.parameters.at("bn1.weight").eq(1).all().item<bool>());
  EXPECT_TRUE(program.parameters.at("bn1.bias").eq(0).all().item<bool>());
  EXPECT_TRUE(program.buffers.at("bn1.running_mean").eq(0).all().item<bool>());
  EXPECT_TRUE(program.buffers.at("bn1.running_var").eq(1).all().item<bool>());
}

TEST(Mlp, DropsInTrainingOnly) {
  ModelConfig config = network("mlp");
  config.dropout = 0.5;
  const Program program = build(config, table(4));
  const at::Tensor x = numbers(16, 4);
  const auto twice_the_same = [&](Mode mode) {
    const Program set = with_mode(program, mode);
    return at::equal(evaluate(set, {x}).at(0), evaluate(set, {x}).at(0));
  };
  EXPECT_TRUE(twice_the_same(Mode::kEval));
  EXPECT_FALSE(twice_the_same(Mode::kTrain));
}

TEST(Mlp, NormalisesByTheBatchInTrainingAndByItsMemoryOtherwise) {
  ModelConfig config = network("mlp");
  config.batch_norm = true;
  const Program program = build(config, table(4));
  const at::Tensor x = numbers(16, 4).mul(3).add(2);
  const auto first_row_alone = [&](Mode mode) {
    const Program set = with_mode(program, mode);
    const at::Tensor pair = evaluate(set, {x.slice(0, 0, 2)}).at(0);
    const at::Tensor all = evaluate(set, {x}).at(0);
    return pair[0].allclose(all[0], 1e-4, 1e-5);
  };
  EXPECT_TRUE(first_row_alone(Mode::kEval));
  EXPECT_TRUE(program.buffers.at("bn1.running_mean").eq(0).all().item<bool>());
  EXPECT_FALSE(first_row_alone(Mode::kTrain));
  EXPECT_FALSE(program.buffers.at("bn1.running_mean").eq(0).all().item<bool>());
}

}  // namespace
}  // namespace maas
