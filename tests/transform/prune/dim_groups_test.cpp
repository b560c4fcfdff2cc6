#include "transform/prune/dim_groups.h"

#include <gmock/gmock.h>

#include "transform/prune/small_graphs.h"
#include "zoo/small_data.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

// "fc1.weight:0" of the members, in order.
std::vector<std::string> members_of(const DimGroup& group) {
  std::vector<std::string> names;
  for (const GroupMember& member : group.members) {
    names.push_back(member.tensor + ":" + std::to_string(member.dim));
  }
  return names;
}

std::vector<DimGroup> free_groups(const Program& program) {
  std::vector<DimGroup> found;
  for (DimGroup& group : dim_groups(program)) {
    if (group.blocked_by.empty()) found.push_back(std::move(group));
  }
  return found;
}

std::string reason_of(const Program& program, const std::string& tensor, int64_t dim) {
  const auto groups = dim_groups(program);
  const DimGroup* group = group_with(groups, tensor, dim);
  return group == nullptr ? "no group" : group->blocked_by;
}

TEST(DimGroups, NamesAllThatGoesWithAHiddenUnit) {
  ModelConfig config = network("mlp");
  config.hidden = {8};
  const auto groups = free_groups(build(config, table(3)));
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].name, "fc1");
  EXPECT_EQ(groups[0].units, 8);
  EXPECT_THAT(members_of(groups[0]), ElementsAre("fc1.weight:0", "fc1.bias:0", "fc2.weight:1"));
}

TEST(DimGroups, GivesAChannelTheBlockOfPixelsThatItIsFlattenedTo) {
  const auto groups = free_groups(build(network("lenet5"), images(1, 28)));
  const DimGroup* conv2 = group_with(groups, "conv2.weight", 0);
  ASSERT_NE(conv2, nullptr);
  EXPECT_THAT(members_of(*conv2), ElementsAre("conv2.weight:0", "conv2.bias:0", "fc1.weight:1"));
  EXPECT_EQ(conv2->members[2].indices[3].size(), 25U);
  EXPECT_EQ(conv2->members[2].indices[3][0], 75);
}

TEST(DimGroups, NeverShrinksInputsAndOutputs) {
  const Program program = build(network("lenet5"), images(1, 28));
  EXPECT_EQ(reason_of(program, "fc2.weight", 0), "it reaches the output 'logits'");
  const Program rgb = build(network("convnet"), images(3, 32));
  EXPECT_EQ(reason_of(rgb, "block1.conv1.weight", 1), "it meets the input 'image'");
}

TEST(DimGroups, TiesAllThatMeetsInAResidualSum) {
  const auto groups = free_groups(build(resnet(20), images(3, 32)));
  const DimGroup* stem = group_with(groups, "stem.conv.weight", 0);
  ASSERT_NE(stem, nullptr);
  EXPECT_EQ(stem->name, "stem.conv (+3)");
  const auto members = members_of(*stem);
  for (const char* name : {"stage1.0.2.conv.weight:0", "stage1.1.2.conv.weight:0",
                           "stage1.2.2.bn.running_var:0", "stage2.0.shortcut.conv.weight:1"}) {
    EXPECT_THAT(members, testing::Contains(name));
  }
}

TEST(DimGroups, HoldsWhatReachesAnOperatorWithoutARule) {
  GraphBuilder g("test", 1);
  Handle x = g.relu(g.linear("fc1", g.input("x", {6}, at::kFloat), 8));
  x = g.call("aten::flip", {{"self", ValueRef{x.id}}, {"dims", IntList{{{1}}}}});
  x = g.relu(g.linear("fc2", x, 8));
  x = g.call("aten::renorm",
             {{"self", ValueRef{x.id}}, {"p", 2.0}, {"dim", int64_t{0}}, {"maxnorm", 1.0}});
  const Program program = g.finish({{"logits", g.linear("fc3", x, 3)}});
  EXPECT_EQ(reason_of(program, "fc1.weight", 0), "aten::flip (%flip) computes across it");
  EXPECT_EQ(reason_of(program, "fc2.weight", 0), "aten::renorm (%renorm) has no rule");
}

TEST(DimGroups, KeepsTheGroupsOfANormAndOfAConvolutionWhole) {
  const auto groups = free_groups(group_norms());
  const DimGroup* normed = group_with(groups, "conv1.weight", 0);
  ASSERT_NE(normed, nullptr);
  EXPECT_EQ(normed->units, 4);
  EXPECT_THAT(normed->members[0].indices[1], ElementsAre(3, 4, 5));
  const auto grouped = free_groups(grouped_convolutions());
  const DimGroup* cardinal = group_with(grouped, "inner.weight", 0);
  ASSERT_NE(cardinal, nullptr);
  EXPECT_EQ(cardinal->units, 4);
  EXPECT_EQ(cardinal->name, "reduce (+1)");
  EXPECT_THAT(cardinal->members[0].indices[0], ElementsAre(0, 1));
}

TEST(DimGroups, KeepsThePartsOfAConcatenationApart) {
  const auto groups = free_groups(dense_block());
  const DimGroup* first = group_with(groups, "a.weight", 0);
  const DimGroup* second = group_with(groups, "b.weight", 0);
  ASSERT_NE(first, nullptr);
  ASSERT_NE(second, nullptr);
  EXPECT_THAT(members_of(*first),
              ElementsAre("a.weight:0", "a.bias:0", "b.weight:1", "head.weight:1"));
  EXPECT_THAT(members_of(*second), ElementsAre("b.weight:0", "b.bias:0", "head.weight:1"));
  EXPECT_EQ(second->members[2].indices[0][0], 64 * first->units) << "behind the first part";
}

TEST(DimGroups, PrunesHeadsWholeAndHiddenUnitsOfATransformer) {
  const Program program = transformer_block();
  const auto groups = free_groups(program);
  const DimGroup* hidden = group_with(groups, "up.weight", 0);
  ASSERT_NE(hidden, nullptr);
  EXPECT_EQ(hidden->units, 32);
  EXPECT_THAT(members_of(*hidden), ElementsAre("up.weight:0", "up.bias:0", "down.weight:1"));
  const DimGroup* heads = group_with(groups, "q.weight", 0);
  ASSERT_NE(heads, nullptr);
  EXPECT_EQ(heads->units, 4);
  EXPECT_THAT(members_of(*heads),
              UnorderedElementsAre("q.weight:0", "q.bias:0", "k.weight:0", "k.bias:0", "v.weight:0",
                                   "v.bias:0", "out.weight:1"));
  EXPECT_THAT(heads->members[0].indices[1], ElementsAre(4, 5, 6, 7));
}

TEST(DimGroups, FindsTheHeadsInAPackedProjection) {
  const auto groups = free_groups(packed_attention());
  const DimGroup* heads = group_with(groups, "qkv.weight", 0);
  ASSERT_NE(heads, nullptr);
  EXPECT_EQ(heads->units, 4);
  EXPECT_EQ(heads->members[0].indices[0].size(), 12U) << "of queries, keys and values";
}

TEST(DimGroups, AreTheSameInADecomposedExport) {
  const auto groups = free_groups(decomposed_network());
  const DimGroup* hidden = group_with(groups, "up.weight", 0);
  ASSERT_NE(hidden, nullptr);
  EXPECT_THAT(members_of(*hidden), ElementsAre("up.weight:0", "up.bias:0", "down.weight:1"));
  const DimGroup* channels = group_with(groups, "conv.weight", 0);
  ASSERT_NE(channels, nullptr);
  EXPECT_THAT(members_of(*channels), testing::IsSupersetOf({"conv.weight:0", "norm.weight:0"}));
}

}  // namespace
}  // namespace maas
