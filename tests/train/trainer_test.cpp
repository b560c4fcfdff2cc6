#include "train/trainer.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "autodiff/expand.h"
#include "autodiff/gradients.h"
#include "config/read_config.h"
#include "program/last_layer.h"
#include "program/mode.h"
#include "train/loss.h"
#include "train/trained_parameters.h"
#include "zoo/build_model.h"

namespace maas {
namespace {

DataSpec digits() {
  DataSpec spec;
  spec.input.channels = 1;
  spec.input.height = spec.input.width = 28;
  spec.input.mean = {0.13};
  spec.input.std_dev = {0.31};
  spec.task.labels = {"0", "1", "2"};
  return spec;
}

DataSpec pictures() {
  DataSpec spec = digits();
  spec.input.channels = 3;
  spec.input.height = spec.input.width = 32;
  spec.input.mean = {0.5, 0.5, 0.5};
  spec.input.std_dev = {0.3, 0.3, 0.3};
  return spec;
}

Program network(const std::string& text, const DataSpec& data = digits()) {
  const auto config = read_config<ModelConfig>({.file = "", .text = text, .text_name = "model"});
  return build_model(config, data,
                     {.seed = 3, .normalize = Normalize::kStandardize, .embed_categories = true});
}

// What of its loss has no gradient rule; "" = the step is one graph.
std::string missing_rule(const Program& program) {
  const Program loss =
      with_loss(with_mode(program, Mode::kTrain),
                {.type = "auto", .label_smoothing = 0.1, .class_weights = {}}, digits().task);
  std::vector<std::string> names;
  for (const auto& [name, tensor] : loss.parameters) names.push_back(name);
  std::string missing;
  return with_gradients(expand_composites(loss), names, &missing) ? "" : missing;
}

Batch batch_of(int64_t size) {
  return {{at::randint(0, 256, {size, 1, 28, 28}, at::kByte)}, at::randint(0, 3, {size})};
}

Trainer lenet_trainer(const TrainConfig& config) {
  const Program program = network("{type: lenet5}");
  return {program, supervised(program, config.loss, digits().task), config, 1};
}

TEST(Trainer, TakesTheStepOfEveryNetworkOfTheZooAsOneGraph) {
  for (const char* text :
       {"{type: mlp, batch_norm: true, dropout: 0.2, activation: gelu}", "{type: lenet5}",
        "{type: lenet300}", "{type: convnet, channels: [4, 8], dropout: 0.1}",
        "{type: resnet, depth: 20}", "{type: resnet, depth: 18}", "{type: resnet, depth: 50}"}) {
    EXPECT_EQ(missing_rule(network(text)), "") << text;
  }
  for (const char* text : {"{type: mobilenet_v2}", "{type: mobilenet_v3_small}",
                           "{type: efficientnet_b0}", "{type: convnext_t}", "{type: vit_s}"}) {
    EXPECT_EQ(missing_rule(network(text, pictures())), "") << text;
  }
}

TEST(Trainer, SaysWhichOperatorCostTheOneGraphStep) {
  TrainConfig config;
  EXPECT_EQ(lenet_trainer(config).why_autograd(), "");
  config.precision = "bf16";
  EXPECT_EQ(lenet_trainer(config).why_autograd(), "train.precision is bf16");
  config.precision = "fp32";
  Program program = network("{type: mlp}");
  for (Node& node : program.nodes) {
    if (node.op == "aten::relu") node.op = "aten::selu";
  }
  const Trainer trainer(program, supervised(program, config.loss, digits().task), config, 1);
  EXPECT_EQ(trainer.why_autograd(),
            "aten::selu has no gradient rule in the form in which it is used");
}

// Whatever the unit of the targets, a step of the same run changes the weights by the same.
TEST(Trainer, TakesTheSameStepsInEveryUnitOfTheTargets) {
  const at::Tensor x = at::rand({32, 3}), y = x.sum(1, true);
  const auto trained = [&](double unit, const char* optimizer) {
    DataSpec spec;
    spec.input.kind = InputKind::kTable;
    for (const char* name : {"a", "b", "c"}) {
      spec.input.columns.push_back({.name = name, .categories = {}});
    }
    spec.task = {
        .kind = TaskKind::kRegression, .labels = {"y"}, .scales = {{1.5 * unit, 0.5 * unit}}};
    TrainConfig config;
    config.optimizer.type = optimizer;
    const Program made = build_model({}, spec, {.seed = 3});
    Trainer trainer(made, supervised(made, config.loss, spec.task), config, 1);
    double loss = 0;
    for (int64_t step = 0; step < 20; ++step) {
      loss = trainer.step({{x}, y.mul(unit)}, step, 0.05).loss;
    }
    return std::pair(loss, trainer.snapshot().parameters);
  };
  for (const char* optimizer : {"sgd", "adamw"}) {
    const auto [loss, weights] = trained(1, optimizer);
    EXPECT_LT(loss, 0.5);
    for (const double unit : {1e-6, 1e6}) {
      const auto [other, moved] = trained(unit, optimizer);
      EXPECT_NEAR(other, loss, 1e-2 * loss) << optimizer << unit;
      for (const auto& [name, tensor] : weights) {
        EXPECT_TRUE(at::allclose(tensor, moved.at(name), 1e-2, 1e-2)) << optimizer << unit << name;
      }
    }
  }
}

TEST(Trainer, OfAccumulatedPartsTakesTheStepOfTheWholeBatch) {
  TrainConfig config;
  config.optimizer.type = "sgd";
  const Batch batch = batch_of(12);
  Trainer whole = lenet_trainer(config);
  config.accumulate = 3;
  Trainer parts = lenet_trainer(config);
  const double a = whole.step(batch, 0, 0.1).loss, b = parts.step(batch, 0, 0.1).loss;
  EXPECT_NEAR(a, b, 1e-6);
  const Program one = whole.snapshot(), other = parts.snapshot();
  for (const auto& [name, tensor] : one.parameters) {
    EXPECT_TRUE(at::allclose(tensor, other.parameters.at(name), 1e-4, 1e-6)) << name;
  }
}

// As in PyTorch, whose optimizers pass over what has no gradient; decay alone would move it.
void expect_only_moved(Program program, TrainConfig config, const std::set<std::string>& moved) {
  config.optimizer = {.type = "adamw", .weight_decay = 0.5};
  for (const char* precision : {"fp32", "bf16"}) {
    config.precision = precision;
    config.ema = 0.5;
    Trainer trainer(program, supervised(program, config.loss, digits().task), config, 1);
    for (int64_t step = 0; step < 2; ++step) trainer.step(batch_of(8), step, 0.1);
    for (const auto& [name, tensor] : trainer.snapshot().parameters) {
      EXPECT_NE(at::equal(tensor, program.parameters.at(name)), moved.contains(name))
          << precision << " " << name;
    }
    EXPECT_TRUE(trainer.state().contains("param/" + program.parameters.begin()->first));
  }
}

TEST(Trainer, LeavesWhatItsConfigFreezesAsItIs) {
  const Program program = network("{type: mlp, hidden: [4]}");
  std::set<std::string> rest;
  const std::string first = program.parameters.begin()->first;
  const std::string layer = first.substr(0, first.find('.'));
  for (const auto& [name, tensor] : program.parameters) {
    if (!name.starts_with(layer + ".")) rest.insert(name);
  }
  ASSERT_FALSE(rest.empty());
  TrainConfig config;
  config.freeze = {layer + ".*"};
  expect_only_moved(program, config, rest);
}

TEST(Trainer, LeavesAllButTheLastLayerAsItIsWhereTheBackboneIsFrozen) {
  const Program program = network("{type: mlp, hidden: [4]}");
  TrainConfig config;
  config.freeze = {"backbone"};
  const LastLayer last = find_last_layer(program, "test");
  expect_only_moved(program, config, {last.weight, last.bias});
}

// One step of plain SGD moves each parameter by its rate times its gradient.
TEST(Trainer, MovesTheBodyAtARateOfItsOwn) {
  const Program program = network("{type: mlp, hidden: [4]}");
  TrainConfig config;
  config.optimizer = {.type = "sgd", .weight_decay = 0, .momentum = 0};
  config.learning_rate = 0.1;
  const Batch batch = batch_of(5);
  const auto moved_by = [&](const TrainConfig& with) {
    Trainer trainer(program, supervised(program, {}, digits().task), with, 1);
    trainer.step(batch, 0, 0.1);
    std::map<std::string, at::Tensor> moves;
    for (const auto& [name, tensor] : trainer.weights()) {
      moves[name] = tensor.sub(program.parameters.at(name));
    }
    return moves;
  };
  const auto whole = moved_by(config);
  config.body_learning_rate = 0.01;
  const auto grouped = moved_by(config);
  const LastLayer last = find_last_layer(program, "test");
  for (const auto& [name, move] : whole) {
    const double share = name == last.weight || name == last.bias ? 1 : 0.1;
    EXPECT_TRUE(at::allclose(grouped.at(name), move.mul(share), 1e-3, 1e-6)) << name;
  }
}

TEST(Trainer, LeavesWhatRequiresNoGradientAsItIs) {
  Program program = network("{type: mlp, hidden: [4]}");
  std::set<std::string> rest;
  for (const auto& [name, tensor] : program.parameters) rest.insert(name);
  for (const GraphInput& input : program.inputs) {
    if (input.target != *rest.begin()) continue;
    program.value(input.value).requires_grad = false;
  }
  rest.erase(rest.begin());
  expect_only_moved(program, {}, rest);
}

TEST(Trainer, LeavesWhatIsBehindADetachAsItIs) {
  Program program = network("{type: mlp, hidden: [4]}");
  for (Node& node : program.nodes) {
    if (node.op != "aten::relu") continue;
    node.op = "aten::detach";
  }
  const Program loss = supervised(program, {}, digits().task).graph;
  const std::vector<std::string> left = trained_parameters(loss, {});
  EXPECT_LT(left.size(), program.parameters.size());
  expect_only_moved(program, {}, {left.begin(), left.end()});
}

// One row has no variance.
TEST(Trainer, GivesABatchNormNoPartOfOneRow) {
  const Program program = network("{type: mlp, batch_norm: true}");
  TrainConfig config;
  config.accumulate = 5;
  Trainer trainer(program, supervised(program, {}, digits().task), config, 1);
  EXPECT_TRUE(trainer.step(batch_of(5), 0, 0.1).taken);
  for (const auto& [name, tensor] : trainer.state()) {
    EXPECT_TRUE(!tensor.is_floating_point() || at::isfinite(tensor).all().item<bool>()) << name;
  }
}

TEST(AverageDecay, BeginsLowAndEndsAsSet) {
  EXPECT_DOUBLE_EQ(average_decay(0.999, 0), 0.1);
  EXPECT_DOUBLE_EQ(average_decay(0.999, 90), 0.91);
  EXPECT_DOUBLE_EQ(average_decay(0.999, 100000), 0.999);
  EXPECT_DOUBLE_EQ(average_decay(0.05, 0), 0.05);
}

TEST(Trainer, InBfloat16StaysNearFloat32) {
  TrainConfig config;
  config.optimizer.type = "sgd";
  const Batch batch = batch_of(4);
  Trainer full = lenet_trainer(config);
  config.precision = "bf16";
  Trainer half = lenet_trainer(config);
  for (int64_t step = 0; step < 3; ++step) {
    const double loss = full.step(batch, step, 0.01).loss;
    EXPECT_NEAR(half.step(batch, step, 0.01).loss, loss, 0.02 * loss);
  }
  EXPECT_TRUE(half.has_finite_weights());
}

TEST(Trainer, LeavesEverythingAsItWasWhenTheLossIsNotFinite) {
  // Batch norm has moved its statistics by the time the loss is known.
  Program program = network("{type: mlp, batch_norm: true}");
  Trainer trainer(program, supervised(program, {}, digits().task), {}, 1);
  trainer.step(batch_of(8), 0, 0.01);
  const TensorMap state = trainer.state();
  state.rbegin()->second.view({-1}).select(0, 0).fill_(std::nan(""));
  TensorMap before;
  for (const auto& [name, tensor] : trainer.state()) before[name] = tensor.clone();
  EXPECT_TRUE(std::isnan(trainer.step(batch_of(8), 1, 0.01).loss));
  for (const auto& [name, tensor] : trainer.state()) {
    EXPECT_TRUE(at::allclose(before.at(name), tensor, 0, 0, /*equal_nan=*/true)) << name;
  }
}

}  // namespace
}  // namespace maas
