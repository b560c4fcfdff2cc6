#include <gmock/gmock.h>

#include "call/verify.h"
#include "zoo/small_data.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(Lenet5, HasTheParametersAndProductsOfItsLayers) {
  const Program program = build(network("lenet5"), images(1, 28));
  EXPECT_NO_THROW(verify(program, "lenet5"));
  const int64_t conv1 = 32 * 25, conv2 = 64 * 32 * 25, fc1 = 1600 * 128, fc2 = 128 * 10;
  EXPECT_EQ(program.parameter_count(), conv1 + 32 + conv2 + 64 + fc1 + 128 + fc2 + 10);
  EXPECT_EQ(macs_of(program), 28 * 28 * conv1 + 10 * 10 * conv2 + fc1 + fc2);
  EXPECT_EQ(output_text(program), "logits: f32[s0, 10]");
}

TEST(Lenet5, ActivatesAndDropsAsItIsTold) {
  ModelConfig config = network("lenet5");
  config.activation = "tanh";
  config.dropout = 0.3;
  const Program program = build(config, images(1, 28));
  EXPECT_EQ(nodes_of(program, "tanh").size(), 3U);
  EXPECT_EQ(nodes_of(program, "relu").size(), 0U);
  ASSERT_EQ(nodes_of(program, "dropout").size(), 2U);
  EXPECT_EQ(setting<double>(*nodes_of(program, "dropout")[0], "p"), 0.3);
}

TEST(Lenet5, TakesImagesOfTwelvePixelsAndNoSmallerOnes) {
  const at::Tensor y =
      evaluate(build(network("lenet5"), images(3, 12)), {pixels(2, images(3, 12).input)}).at(0);
  EXPECT_EQ(y.sizes(), (at::IntArrayRef{2, 10}));
  EXPECT_THAT(misfit(network("lenet5"), images(1, 11)),
              AllOf(HasSubstr("model (lenet5): max_pool2d"), HasSubstr("64x1x1"),
                    HasSubstr("64x0x0"), HasSubstr("expected layers whose shapes fit"),
                    HasSubstr("fix: change the sizes of the network or of its input")));
  EXPECT_THAT(misfit(network("lenet5"), images(1, 7)),
              AllOf(HasSubstr("model (lenet5): conv2d"), HasSubstr("(3 x 3)"), HasSubstr("(5 x 5)"),
                    HasSubstr("fix: ")));
}

TEST(Lenet5, NamesTheLayerAndTheShapeOfATable) {
  EXPECT_THAT(misfit(network("lenet5"), table(13)),
              AllOf(HasSubstr("model (lenet5): convolution 'conv1' takes no input of shape"),
                    HasSubstr("[s0, 13]"), HasSubstr("expected images [B, C, H, W]"),
                    HasSubstr("fix: use image data")));
}

}  // namespace
}  // namespace maas
