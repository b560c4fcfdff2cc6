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
  for (const char* kind :
       {"linear", "conv", "batch_norm", "relu", "sigmoid", "tanh", "gelu", "silu", "leaky_relu",
        "max_pool", "avg_pool", "global_avg_pool", "flatten", "dropout"}) {
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

TEST(Layers, RefuseAConvolutionBehindAFlattenLayer) {
  EXPECT_THAT(misfit(layers({layer("flatten"), layer("conv", 4)}), images(1, 8)),
              AllOf(HasSubstr("model (layers): convolution 'conv2' takes no input of shape"),
                    HasSubstr("[s0, 64]"), HasSubstr("expected images [B, C, H, W]"),
                    HasSubstr("put the convolutions before the flatten layer")));
}

TEST(Layers, RefuseAWindowLargerThanTheImage) {
  EXPECT_THAT(misfit(layers({window("conv", 9)}), images(1, 8)),
              AllOf(HasSubstr("model (layers): 'conv1'"), HasSubstr("[s0, 1, 8, 8]"),
                    HasSubstr("(9 x 9)")));
  EXPECT_THAT(misfit(layers({layer("relu"), window("max_pool", 9)}), images(1, 8)),
              AllOf(HasSubstr("model (layers): 'max_pool2'"), HasSubstr("[s0, 1, 8, 8]"),
                    HasSubstr("too small")));
  EXPECT_THAT(misfit(layers({window("avg_pool", 9)}), images(1, 8)),
              AllOf(HasSubstr("model (layers): 'avg_pool1'"), HasSubstr("[s0, 1, 8, 8]"),
                    HasSubstr("too small")));
}

TEST(Layers, RefusePaddingBeyondHalfAPoolsWindow) {
  EXPECT_THAT(misfit(layers({window("max_pool", 2, 2, 2)}), images(1, 8)),
              AllOf(HasSubstr("model (layers): 'max_pool1'"), HasSubstr("pad")));
}

TEST(Layers, RefuseToPoolATable) {
  for (const char* kind : {"max_pool", "avg_pool", "global_avg_pool"}) {
    EXPECT_THAT(misfit(layers({layer(kind)}), table(13)),
                AllOf(HasSubstr(std::string("model (layers): '") + kind + "1'"),
                      HasSubstr("[s0, 13]"), HasSubstr("expected "), HasSubstr("fix: ")));
  }
}

}  // namespace
}  // namespace maas
