// What holds for every network.
#include "zoo/build_model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>

#include <cmath>
#include <map>

#include "call/verify.h"
#include "program/mode.h"
#include "zoo/small_data.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::vector<ModelConfig> small_networks() {
  return {network("mlp"),
          network("lenet300"),
          network("lenet5"),
          network("convnet"),
          layers({layer("conv", 8), layer("batch_norm"), layer("relu"), layer("dropout"),
                  layer("linear", 16)}),
          resnet(20)};
}

DataSpec small_images() { return images(3, 32, 7); }

// By name, built once: drawing the weights takes the longest.
const std::map<std::string, Program>& every_network() {
  static const std::map<std::string, Program> all = [] {
    std::map<std::string, Program> made;
    for (const ModelConfig& config : small_networks())
      made[config.type] = build(config, small_images());
    for (const int64_t depth : {18, 34, 50, 20, 32, 56}) {
      made["resnet" + std::to_string(depth)] = build(resnet(depth), small_images());
    }
    return made;
  }();
  return all;
}

bool is_norm(const std::string& parameter) {
  return parameter.find("bn") != parameter.npos || parameter.find("batch_norm") != parameter.npos;
}

TEST(EveryNetwork, PassesTheVerifierInBothModes) {
  for (const auto& [name, program] : every_network()) {
    for (const Mode mode : {Mode::kTrain, Mode::kEval}) {
      EXPECT_NO_THROW(verify(with_mode(program, mode), name)) << name;
    }
  }
}

TEST(EveryNetwork, GivesEachImageItsLogitsWhateverTheOthersAre) {
  const at::Tensor x = pixels(3, small_images().input);
  for (const auto& [name, program] : every_network()) {
    EXPECT_EQ(output_text(program), "logits: f32[s0, 7]") << name;
    const at::Tensor together = evaluate(program, {x}).at(0);
    const at::Tensor alone = evaluate(program, {x.slice(0, 1, 2)}).at(0);
    EXPECT_EQ(together.sizes(), (at::IntArrayRef{3, 7})) << name;
    EXPECT_EQ(alone.sizes(), (at::IntArrayRef{1, 7})) << name;
    EXPECT_TRUE(together.isfinite().all().item<bool>()) << name;
    EXPECT_TRUE(alone[0].allclose(together[1], 1e-3, 1e-4)) << name;
  }
}

TEST(EveryNetwork, CountsInItsSummaryWhatItHolds) {
  for (const auto& [name, program] : every_network()) {
    int64_t parameters = 0;
    for (const LayerSummary& row : summarise_layers(program)) parameters += row.parameters;
    EXPECT_EQ(parameters, program.parameter_count()) << name;
  }
}

TEST(EveryNetwork, DrawsItsWeightsFromTheSeedAlone) {
  for (const ModelConfig& config : small_networks()) {
    const Program first = build(config, small_images(), 7), same = build(config, small_images(), 7),
                  other = build(config, small_images(), 8);
    for (const auto& [name, tensor] : first.parameters) {
      const std::string place = config.type + " " + name;
      EXPECT_TRUE(tensor.equal(same.parameters.at(name))) << place;
      EXPECT_EQ(tensor.equal(other.parameters.at(name)), is_norm(name)) << place;
    }
  }
}

// As torch.nn.Linear and Conv2d: uniform within 1/sqrt(fan_in), so of deviation
// 1/sqrt(3 fan_in); weights and biases alike. Norms: ones and zeros.
TEST(EveryNetwork, StartsAsPyTorchsLayersDo) {
  for (const auto& [network, program] : every_network()) {
    for (const auto& [name, tensor] : program.parameters) {
      const std::string place = network + " " + name;
      const bool weight = name.ends_with(".weight");
      if (is_norm(name)) {
        EXPECT_TRUE(tensor.eq(weight ? 1 : 0).all().item<bool>()) << place;
        continue;
      }
      const at::Tensor& matrix = program.parameters.at(name.substr(0, name.rfind('.')) + ".weight");
      const auto fan_in = static_cast<double>(matrix[0].numel());
      const auto bound = static_cast<float>(1 / std::sqrt(fan_in));
      EXPECT_LE(tensor.abs().max().item<float>(), bound) << place;
      if (!weight) continue;
      // Five standard errors of the mean and of the deviation of so many draws.
      const double deviation = 1 / std::sqrt(3 * fan_in);
      const double error = 5 * deviation / std::sqrt(static_cast<double>(tensor.numel()));
      EXPECT_NEAR(tensor.mean().item<double>(), 0, error) << place;
      EXPECT_NEAR(tensor.std().item<double>(), deviation, error) << place;
    }
  }
}

TEST(EveryNetwork, GivesNoTwoLayersTheSameWeights) {
  for (const char* name : {"resnet18", "resnet56", "lenet5"}) {
    std::vector<at::Tensor> seen;
    for (const auto& [parameter, tensor] : every_network().at(name).parameters) {
      if (tensor.dim() < 2) continue;
      for (const at::Tensor& other : seen) EXPECT_FALSE(tensor.equal(other)) << parameter;
      seen.push_back(tensor);
    }
  }
}

TEST(BuildModel, CallsTheOutputsOfARegressionValues) {
  DataSpec data = table(4, 2);
  data.task.kind = TaskKind::kRegression;
  EXPECT_EQ(output_text(build(network("mlp"), data)), "values: f32[s0, 2]");
}

TEST(BuildModel, EmbedsCategoriesBesideTheNumbers) {
  DataSpec data = table(2);
  data.input.columns.push_back(
      {.name = "city", .type = ColumnType::kCategorical, .categories = {"a", "b", "c"}});
  ModelConfig config = network("mlp");
  config.hidden = {};
  const Program program = build(config, data);
  EXPECT_NO_THROW(verify(program, "mlp"));
  const at::Tensor& embedding = program.parameters.at("embed.city.weight");
  EXPECT_EQ(embedding.sizes(), (at::IntArrayRef{4, 3}));  // a, b, c and unknown
  EXPECT_EQ(program.parameters.at("fc1.weight").sizes(), (at::IntArrayRef{3, 2 + 3}));
  const Program hot = build_model(
      config, data, {.seed = 1, .normalize = Normalize::kStandardize, .embed_categories = false});
  EXPECT_EQ(hot.parameters.at("fc1.weight").sizes(), (at::IntArrayRef{3, 2 + 4}));
}

// The sum of the rows that are not 0, over the root of their number; nothing gives nothing.
TEST(BuildModel, TakesTextAsABagOfItsPieces) {
  DataSpec data = table(1);
  data.input.columns.push_back({.name = "words", .type = ColumnType::kText, .categories = {}});
  data.input.text = {.buckets = 30, .pieces = 4};
  ModelConfig config = network("mlp");
  config.hidden = {};
  const Program program = build(config, data);
  EXPECT_NO_THROW(verify(program, "mlp"));
  const at::Tensor& table = program.parameters.at("embed.text.weight");
  EXPECT_EQ(table.sizes(), (at::IntArrayRef{31, 16}));
  EXPECT_NEAR(table.std().item<double>(), 0.05, 0.01);
  const at::Tensor& weight = program.parameters.at("fc1.weight");
  const at::Tensor bias = program.parameters.at("fc1.bias");
  const at::Tensor numbers = at::zeros({3, 1});
  const at::Tensor pieces =
      at::tensor({3, 7, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0}, at::kLong).view({3, 4});
  const at::Tensor bags =
      at::stack({(table[3] + table[7]) / std::sqrt(2.0), table[5], at::zeros({16})});
  const at::Tensor wanted = bags.mm(weight.slice(1, 1).t()) + bias;
  const at::Tensor found = evaluate(program, {numbers, pieces}).at(0);
  EXPECT_TRUE(at::allclose(found, wanted, 1e-5, 1e-6));
}

TEST(BuildModel, DrawsEmbeddingsNormally) {
  DataSpec data = table(0);
  ColumnSpec word{.name = "word", .type = ColumnType::kCategorical, .categories = {}};
  for (int i = 0; i < 500; ++i) word.categories.push_back(std::to_string(i));
  data.input.columns = {word};
  const at::Tensor weight = build(network("mlp"), data).parameters.at("embed.word.weight");
  EXPECT_EQ(weight.sizes(), (at::IntArrayRef{501, 50}));
  EXPECT_NEAR(weight.mean().item<double>(), 0, 0.04);
  EXPECT_NEAR(weight.std().item<double>(), 1, 0.04);
}

TEST(BuildModel, RefusesWeightsThatNoMemoryHolds) {
  ModelConfig config = network("mlp");
  config.hidden = {int64_t{1} << 40};
  const std::string text = error_of([&] { build(config, images(1, 28)); }, ErrorKind::kResources);
  EXPECT_THAT(text, AllOf(HasSubstr("model (mlp): weights of [1099511627776, 784] take"),
                          HasSubstr("GiB"), HasSubstr("fix: make the network smaller")));
  config.hidden = {int64_t{1} << 62};
  EXPECT_THAT(error_of([&] { build(config, images(1, 28)); }, ErrorKind::kResources),
              HasSubstr("are more than can be counted"));
}

}  // namespace
}  // namespace maas
