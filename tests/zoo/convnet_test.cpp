#include <gmock/gmock.h>

#include "call/verify.h"
#include "zoo/small_data.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;

ModelConfig convnet(std::vector<int64_t> channels) {
  ModelConfig config = network("convnet");
  config.channels = std::move(channels);
  return config;
}

TEST(Convnet, HasTheParametersAndProductsOfItsBlocks) {
  const Program program = build(convnet({32, 64}), images(1, 28));
  EXPECT_NO_THROW(verify(program, "convnet"));
  const int64_t first = 9 * 32 + 9 * 32 * 32, second = 9 * 32 * 64 + 9 * 64 * 64, fc = 64 * 10;
  const int64_t norms = 2 * (32 + 32 + 64 + 64);
  EXPECT_EQ(program.parameter_count(), first + second + norms + fc + 10);
  EXPECT_EQ(macs_of(program), 28 * 28 * first + 14 * 14 * second + fc);
  EXPECT_EQ(output_text(program), "logits: f32[s0, 10]");
}

TEST(Convnet, PoolsBetweenBlocksAndGloballyAtTheEnd) {
  const Program program = build(convnet({4, 8, 16}), images(3, 16));
  EXPECT_EQ(nodes_of(program, "max_pool2d").size(), 2U);
  EXPECT_EQ(nodes_of(program, "adaptive_avg_pool2d").size(), 1U);
  EXPECT_EQ(nodes_of(program, "batch_norm").size(), 6U);
}

TEST(Convnet, ActivatesAndDropsAsItIsTold) {
  ModelConfig config = convnet({4, 8});
  config.activation = "silu";
  config.dropout = 0.1;
  const Program program = build(config, images(3, 16));
  EXPECT_EQ(nodes_of(program, "silu").size(), 4U);
  ASSERT_EQ(nodes_of(program, "dropout").size(), 1U);
  EXPECT_EQ(setting<double>(*nodes_of(program, "dropout")[0], "p"), 0.1);
}

TEST(Convnet, TakesImagesOfAnySizeThatThePoolsLeaveSomethingOf) {
  const DataSpec data = images(3, 4);
  const at::Tensor y = evaluate(build(convnet({4, 8, 8}), data), {pixels(2, data.input)}).at(0);
  EXPECT_EQ(y.sizes(), (at::IntArrayRef{2, 10}));
  EXPECT_THAT(misfit(convnet({4, 8, 8}), images(3, 3)),
              AllOf(HasSubstr("model (convnet): max_pool2d"), HasSubstr("8x1x1"),
                    HasSubstr("8x0x0"), HasSubstr("expected layers whose shapes fit"),
                    HasSubstr("fix: change the sizes of the network or of its input")));
}

TEST(Convnet, NamesTheLayerAndTheShapeOfATable) {
  EXPECT_THAT(misfit(convnet({4}), table(13)),
              AllOf(HasSubstr("model (convnet): convolution 'block1.conv1' takes no input"),
                    HasSubstr("[s0, 13]"), HasSubstr("expected images [B, C, H, W]")));
}

}  // namespace
}  // namespace maas
