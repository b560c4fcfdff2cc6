#include "transform/prune/shrink.h"

#include <gmock/gmock.h>

#include "transform/prune/small_graphs.h"
#include "zoo/small_data.h"

namespace maas {
namespace {

using testing::ElementsAre;

ModelConfig mlp_of(const std::vector<int64_t>& hidden) {
  ModelConfig config = network("mlp");
  config.hidden = hidden;
  return config;
}

TEST(Shrink, GivesAnMlpTheOutputsThatItHasWithoutTheUnits) {
  const Program program = build(mlp_of({30, 20}), table(7));
  const Program shrunk = expect_equivalent(program, {numbers(5, 7)});
  EXPECT_EQ(output_text(shrunk), output_text(program));
}

TEST(Shrink, FollowsAChannelThroughFlattenToItsBlockOfPixels) {
  const DataSpec data = images(1, 28);
  const Program shrunk = expect_equivalent(build(network("lenet5"), data), {pixels(3, data.input)});
  EXPECT_THAT(sizes_of_tensor(shrunk, "fc1.weight"), ElementsAre(85, 43 * 25));
}

TEST(Shrink, GivesAConvnetTheOutputsThatItHasWithoutTheChannels) {
  const DataSpec data = images(3, 32);
  expect_equivalent(build(network("convnet"), data), {pixels(2, data.input)});
}

TEST(Shrink, TiesWhatAResidualSumTies) {
  const DataSpec data = images(3, 32);
  const Program program = build(resnet(20), data);
  const Program shrunk = expect_equivalent(program, {pixels(2, data.input)});
  EXPECT_THAT(sizes_of_tensor(shrunk, "stem.conv.weight"), ElementsAre(11, 3, 3, 3));
  EXPECT_THAT(sizes_of_tensor(shrunk, "stage1.2.2.conv.weight"), ElementsAre(11, 11, 3, 3));
}

TEST(Shrink, GivesABottleneckNetworkTheOutputsThatItHasWithoutTheChannels) {
  const DataSpec data = images(3, 64);
  expect_equivalent(build(resnet(50), data), {pixels(2, data.input)});
}

TEST(Shrink, ShrinksDepthwiseAndGroupedConvolutionsByWholeGroups) {
  const Program separable = expect_equivalent(depthwise_separable(), {picture_batch()});
  EXPECT_EQ(setting<int64_t>(*nodes_of(separable, "conv2d")[1], "groups"), 8);
  const Program grouped = expect_equivalent(grouped_convolutions(), {picture_batch()});
  EXPECT_EQ(setting<int64_t>(*nodes_of(grouped, "conv2d")[1], "groups"), 3);
  EXPECT_THAT(sizes_of_tensor(grouped, "inner.weight"), ElementsAre(9, 2, 3, 3));
}

TEST(Shrink, ShrinksAGroupNormByWholeGroups) {
  const Program shrunk = expect_equivalent(group_norms(), {picture_batch()});
  EXPECT_EQ(setting<int64_t>(*nodes_of(shrunk, "group_norm")[0], "num_groups"), 3);
}

TEST(Shrink, FollowsOffsetsOfConcatenations) {
  expect_equivalent(dense_block(), {picture_batch()});
  expect_equivalent(u_net(), {picture_batch()});
}

TEST(Shrink, TiesAGateToTheChannelsThatItScales) {
  expect_equivalent(squeeze_excite(), {picture_batch()});
}

TEST(Shrink, TakesHeadsAndHiddenUnitsOfATransformer) {
  const Program shrunk = expect_equivalent(transformer_block(), {sequence_batch()});
  EXPECT_THAT(sizes_of_tensor(shrunk, "up.weight"), ElementsAre(21, 16));
  EXPECT_THAT(sizes_of_tensor(shrunk, "q.weight"), ElementsAre(12, 16));
  expect_equivalent(packed_attention(), {sequence_batch()});
}

TEST(Shrink, TakesTheSameUnitsFromBothHalvesOfAGate) {
  const Program shrunk = expect_equivalent(gated_halves(), {sequence_batch()});
  EXPECT_THAT(sizes_of_tensor(shrunk, "both.weight"), ElementsAre(16, 16));
}

TEST(Shrink, GivesADecomposedExportTheOutputsThatItHasWithoutTheUnits) {
  const Program shrunk = expect_equivalent(decomposed_network(), {picture_batch()});
  EXPECT_THAT(sizes_of_tensor(shrunk, "up.weight"), ElementsAre(16, 128));
}

}  // namespace
}  // namespace maas
