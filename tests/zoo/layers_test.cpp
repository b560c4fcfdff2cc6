#include <gmock/gmock.h>

#include "call/verify.h"
#include "zoo/small_data.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;

LayerConfig window(const std::string& type, int64_t kernel, int64_t stride = 0,
                   int64_t padding = 0) {
  LayerConfig made = layer(type, type == "conv" ? 4 : 0);
  made.kernel = kernel;
  made.stride = stride;
  made.padding = padding;
  return made;
}

std::string first_shape(const ModelConfig& config, const std::string& op, const DataSpec& data) {
  const Program program = build(config, data);
  return to_text(program.value(nodes_of(program, op).at(0)->outputs[0].ids[0]).shape);
}

TEST(Layers, AreTheSameNetworkAsTheZoosWhenSpeltOut) {
  const Program spelt =
      build(layers({layer("linear", 300), layer("relu"), layer("linear", 100), layer("relu")}),
            images(1, 28));
  EXPECT_NO_THROW(verify(spelt, "layers"));
  EXPECT_EQ(spelt.parameter_count(), 266'610);
  const Program named = build(network("lenet300"), images(1, 28));
  const at::Tensor x = pixels(3, images(1, 28).input);
  EXPECT_TRUE(evaluate(spelt, {x}).at(0).equal(evaluate(named, {x}).at(0)));
}

TEST(Layers, EndInALinearOneToTheOutputs) {
  const Program program = build(layers({}), images(1, 4, 7));
  EXPECT_EQ(output_text(program), "logits: f32[s0, 7]");
  EXPECT_EQ(program.parameters.at("output.weight").sizes(), (at::IntArrayRef{7, 16}));
}

TEST(Layers, AreNamedByKindAndPlace) {
  const Program program =
      build(layers({layer("conv", 4), layer("batch_norm"), layer("linear", 5)}), images(1, 8));
  EXPECT_EQ(program.parameters.count("conv1.weight"), 1U);
  EXPECT_EQ(program.parameters.count("batch_norm2.weight"), 1U);
  EXPECT_EQ(program.parameters.count("linear3.bias"), 1U);
}

TEST(Layers, MakeWindowsOfTheSizeStrideAndPaddingGiven) {
  const DataSpec data = images(1, 8);
  EXPECT_EQ(first_shape(layers({window("conv", 3)}), "conv2d", data), "[s0, 4, 6, 6]");
  EXPECT_EQ(first_shape(layers({window("conv", 3, 2, 1)}), "conv2d", data), "[s0, 4, 4, 4]");
  EXPECT_EQ(first_shape(layers({window("max_pool", 2)}), "max_pool2d", data), "[s0, 1, 4, 4]");
  EXPECT_EQ(first_shape(layers({window("max_pool", 3, 2, 1)}), "max_pool2d", data),
            "[s0, 1, 4, 4]");
  EXPECT_EQ(first_shape(layers({window("avg_pool", 4)}), "avg_pool2d", data), "[s0, 1, 2, 2]");
  EXPECT_EQ(first_shape(layers({layer("global_avg_pool")}), "adaptive_avg_pool2d", data),
            "[s0, 1, 1, 1]");
}

TEST(Layers, OfEveryKindPassTheVerifierAndRun) {
  const DataSpec data = images(2, 8, 3);
  for (const char* kind : {"linear",
                           "conv",
                           "batch_norm",
                           "relu",
                           "sigmoid",
                           "tanh",
                           "gelu",
                           "silu",
                           "leaky_relu",
                           "relu6",
                           "hardswish",
                           "hardsigmoid",
                           "elu",
                           "mish",
                           "softplus",
                           "conv_transpose",
                           "depthwise",
                           "layer_norm",
                           "group_norm",
                           "instance_norm",
                           "max_pool",
                           "avg_pool",
                           "global_avg_pool",
                           "flatten",
                           "dropout"}) {
    const Program program = build(layers({layer(kind, 4)}), data);
    EXPECT_NO_THROW(verify(program, kind));
    EXPECT_EQ(output_text(program), "logits: f32[s0, 3]") << kind;
    EXPECT_TRUE(evaluate(program, {pixels(2, data.input)}).at(0).isfinite().all().item<bool>())
        << kind;
  }
}

TEST(Layers, DropWithTheProbabilityGiven) {
  LayerConfig dropout = layer("dropout");
  dropout.probability = 0.2;
  const Program program = build(layers({dropout}), table(4));
  EXPECT_EQ(setting<double>(*nodes_of(program, "dropout").at(0), "p"), 0.2);
  dropout.probability = 0;
  EXPECT_EQ(nodes_of(build(layers({dropout}), table(4)), "dropout").size(), 0U);
}

TEST(Layers, OfSequencesPassTheVerifierAndRun) {
  LayerConfig steps = layer("reshape");
  steps.shape = {4, 2};
  for (const char* kind : {"conv1d", "lstm", "gru", "attention", "position", "transpose", "mean",
                           "linear", "layer_norm", "batch_norm", "max_pool", "global_avg_pool"}) {
    LayerConfig tried = layer(kind, 4);
    tried.kernel = 2;
    const Program program = build(layers({steps, tried}), table(8));
    EXPECT_NO_THROW(verify(program, kind));
    EXPECT_TRUE(evaluate(program, {numbers(3, 8)}).at(0).isfinite().all().item<bool>()) << kind;
  }
}

TEST(Layers, TakeNamedOutputs) {
  LayerConfig stem = layer("linear", 5), side = layer("linear", 5), sum = layer("add"),
              both = layer("concat");
  stem.name = "stem";
  side.from = {"input"};
  sum.from = {"stem"};
  both.from = {"stem", "input"};
  const Program program = build(layers({stem, side, sum, both}), table(8));
  EXPECT_EQ(program.parameters.at("linear2.weight").sizes(), (at::IntArrayRef{5, 8}));
  EXPECT_EQ(program.parameters.at("output.weight").sizes(), (at::IntArrayRef{3, 18}));
}

TEST(Layers, AreAllRead) {
  LayerConfig first = layer("linear", 8), second = layer("linear", 4);
  first.name = "a";
  second.from = {"a"};
  const std::string said = error_of(
      [&] {
        build(layers({first, layer("linear", 500), second}), images(1, 4));
      },
      ErrorKind::kUsage);
  EXPECT_THAT(said, AllOf(HasSubstr("model.layers.1 (layer 2, linear): no layer reads its output"),
                          HasSubstr("take it out")));
  LayerConfig add = layer("add");
  add.from = {"a"};
  EXPECT_NO_THROW(build(layers({first, layer("linear", 8), add}), images(1, 4)));
}

TEST(Layers, SayWhichNamesThereAre) {
  LayerConfig stem = layer("linear", 5), sum = layer("add"), again = layer("relu");
  stem.name = again.name = "stem";
  sum.from = {"stm"};
  EXPECT_THAT(
      misfit(layers({stem, sum}), table(8)),
      AllOf(HasSubstr("'add2' takes its input from 'stm', which no layer before it is named"),
            HasSubstr("did you mean 'stem'?"), HasSubstr("expected one of input, stem")));
  EXPECT_THAT(misfit(layers({stem, again}), table(8)),
              HasSubstr("'relu2' is named 'stem', as another is"));
  EXPECT_THAT(misfit(layers({layer("add")}), table(8)),
              AllOf(HasSubstr("'add1' joins nothing"), HasSubstr("write add: NAME")));
  again.from = {"stem", "input"};
  EXPECT_THAT(misfit(layers({stem, again}), table(8)),
              HasSubstr("'relu2' takes its input from 2 outputs"));
}

TEST(Layers, SayWhichShapesDoNotJoin) {
  LayerConfig stem = layer("linear", 5), side = layer("linear", 4), sum = layer("add");
  stem.name = "stem";
  sum.from = {"stem"};
  EXPECT_THAT(
      misfit(layers({stem, side, sum}), table(8)),
      HasSubstr("model.layers.2 (layer 3, add): 'add3' on [s0, 4] and [s0, 5] of 'stem': "));
}

TEST(Layers, SayWhatASequenceIs) {
  for (const char* kind : {"lstm", "gru", "attention", "position"}) {
    EXPECT_THAT(
        misfit(layers({layer(kind, 4)}), table(8)),
        AllOf(HasSubstr(std::string("'") + kind + "1' takes no input of shape [s0, 8]"),
              HasSubstr("expected a sequence [B, steps, width]"), HasSubstr("reshape: [-1, 1]")));
  }
  EXPECT_THAT(misfit(layers({layer("transpose")}), table(8)), HasSubstr("put a reshape in front"));
}

TEST(Layers, RefuseGroupsAndHeadsThatDoNotDivide) {
  LayerConfig conv = layer("conv", 4), norm = layer("group_norm"), steps = layer("reshape"),
              attention = layer("attention");
  conv.groups = norm.groups = 3;
  steps.shape = {4, 2};
  attention.heads = 3;
  EXPECT_THAT(misfit(layers({conv}), images(3, 8)),
              HasSubstr("'conv1' has 3 groups for 3 channels in and 4 out"));
  EXPECT_THAT(misfit(layers({norm}), images(1, 8)), HasSubstr("has 3 groups for 1 channels"));
  EXPECT_THAT(misfit(layers({steps, attention}), table(8)),
              HasSubstr("'attention2' has 3 heads for a width of 2"));
}

TEST(Layers, EmbedWholeNumbersAsTheyAre) {
  LayerConfig embedding = layer("embedding", 4);
  embedding.rows = 10;
  EXPECT_THAT(misfit(layers({embedding}), table(8)),
              AllOf(HasSubstr("'embedding1' takes numbers that were scaled or computed"),
                    HasSubstr("set data.normalize: none")));
}

TEST(Layers, RefuseAConvolutionBehindAFlattenLayer) {
  EXPECT_THAT(misfit(layers({layer("flatten"), layer("conv", 4)}), images(1, 8)),
              AllOf(HasSubstr("model.layers.1 (layer 2, conv): 'conv2' takes no input of shape"),
                    HasSubstr("[s0, 64]"), HasSubstr("expected images [B, C, H, W]"),
                    HasSubstr("put the convolutions before the flatten layer")));
}

TEST(Layers, RefuseAWindowLargerThanTheImage) {
  EXPECT_THAT(misfit(layers({window("conv", 9)}), images(1, 8)),
              AllOf(HasSubstr("model.layers.0 (layer 1, conv): 'conv1'"),
                    HasSubstr("[s0, 1, 8, 8]"), HasSubstr("(9 x 9)")));
  EXPECT_THAT(misfit(layers({layer("relu"), window("max_pool", 9)}), images(1, 8)),
              AllOf(HasSubstr("model.layers.1 (layer 2, max_pool): 'max_pool2'"),
                    HasSubstr("[s0, 1, 8, 8]"), HasSubstr("too small")));
  EXPECT_THAT(misfit(layers({window("avg_pool", 9)}), images(1, 8)),
              AllOf(HasSubstr("model.layers.0 (layer 1, avg_pool): 'avg_pool1'"),
                    HasSubstr("[s0, 1, 8, 8]"), HasSubstr("too small")));
}

TEST(Layers, RefusePaddingBeyondHalfAPoolsWindow) {
  EXPECT_THAT(
      misfit(layers({window("max_pool", 2, 2, 2)}), images(1, 8)),
      AllOf(HasSubstr("model.layers.0 (layer 1, max_pool): 'max_pool1'"), HasSubstr("pad")));
}

TEST(Layers, RefuseToPoolATable) {
  for (const char* kind : {"max_pool", "avg_pool", "global_avg_pool"}) {
    EXPECT_THAT(
        misfit(layers({layer(kind)}), table(13)),
        AllOf(HasSubstr(std::string("model.layers.0 (layer 1, ") + kind + "): '" + kind + "1'"),
              HasSubstr("[s0, 13]"), HasSubstr("expected "), HasSubstr("fix: ")));
  }
}

}  // namespace
}  // namespace maas
