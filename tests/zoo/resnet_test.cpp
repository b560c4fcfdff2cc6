// Published figures: parameters and multiply-adds of the ImageNet forms as torchvision documents
// them; of the CIFAR forms He et al. 2016, table 6, here with 1x1 projections (2,752 more).
#include <gmock/gmock.h>

#include <map>

#include "call/verify.h"
#include "zoo/small_data.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// As published: for ImageNet's images or CIFAR's. Built once.
const Program& published(int64_t depth) {
  static std::map<int64_t, Program> built;
  const bool small = depth == 20 || depth == 32 || depth == 56;
  if (built.count(depth) == 0) {
    built[depth] = build(resnet(depth), small ? images(3, 32) : images(3, 224, 1000));
  }
  return built.at(depth);
}

TEST(Resnet, HasThePublishedSizesForImageNet) {
  const std::vector<std::tuple<int64_t, int64_t, double>> figures = {
      {18, 11'689'512, 1.81e9}, {34, 21'797'672, 3.66e9}, {50, 25'557'032, 4.09e9}};
  for (const auto& [depth, parameters, macs] : figures) {
    const Program& program = published(depth);
    EXPECT_NO_THROW(verify(program, "resnet"));
    EXPECT_EQ(program.parameter_count(), parameters) << depth;
    EXPECT_NEAR(static_cast<double>(macs_of(program)), macs, 0.01e9) << depth;
    EXPECT_EQ(output_text(program), "logits: f32[s0, 1000]") << depth;
  }
}

TEST(Resnet, HasThePublishedSizesForCifar) {
  const std::vector<std::tuple<int64_t, int64_t, double>> figures = {
      {20, 272'474, 0.27e6}, {32, 466'906, 0.46e6}, {56, 855'770, 0.85e6}};
  for (const auto& [depth, parameters, rounded] : figures) {
    const Program& program = published(depth);
    EXPECT_NO_THROW(verify(program, "resnet"));
    EXPECT_EQ(program.parameter_count(), parameters) << depth;
    EXPECT_NEAR(static_cast<double>(parameters), rounded, 0.01e6) << depth;
    EXPECT_EQ(output_text(program), "logits: f32[s0, 10]") << depth;
  }
}

TEST(Resnet, HasAsManyWeightedLayersAsItsName) {
  for (const int64_t depth : {18, 34, 50, 20, 32, 56}) {
    const Program& program = published(depth);
    int64_t layers = 0;
    for (const auto& [name, tensor] : program.parameters) {
      const bool weight = tensor.dim() > 1;
      if (weight && name.find("shortcut") == name.npos) ++layers;
    }
    EXPECT_EQ(layers, depth);
  }
}

TEST(Resnet, HalvesTheImageInTheThreeByThreeConvolutionOfABottleneck) {
  const Program& program = published(50);
  for (const Node* node : nodes_of(program, "conv2d")) {
    const Value& weight = program.value(setting<ValueRef>(*node, "weight").id);
    const bool strided = setting<IntList>(*node, "stride").items[0].number == 2;
    const bool shortcut = weight.name.find("shortcut") != std::string::npos;
    const bool stem = weight.name.find("stem") != std::string::npos;
    if (!strided || shortcut || stem) continue;
    EXPECT_EQ(weight.shape[2].size, 3) << weight.name;
  }
}

TEST(Resnet, AddsAShortcutToEveryBlockAndProjectsWhereTheShapeChanges) {
  const Program& program = published(20);
  EXPECT_EQ(nodes_of(program, "add").size(), 9U);
  int64_t projections = 0;
  for (const auto& [name, tensor] : program.parameters) {
    if (name.find("shortcut.conv") == name.npos) continue;
    ++projections;
    EXPECT_EQ(tensor.sizes().slice(2), (at::IntArrayRef{1, 1})) << name;
  }
  EXPECT_EQ(projections, 2);  // from 16 to 32, from 32 to 64 channels
}

TEST(Resnet, ShrinksSmallImagesToSomething) {
  for (const int64_t depth : {18, 20}) {
    const Program program = build(resnet(depth), images(1, 1));
    EXPECT_NO_THROW(verify(program, "resnet"));
    const at::Tensor y = evaluate(program, {pixels(2, images(1, 1).input)}).at(0);
    EXPECT_EQ(y.sizes(), (at::IntArrayRef{2, 10})) << depth;
    EXPECT_TRUE(y.isfinite().all().item<bool>()) << depth;
  }
}

TEST(Resnet, NamesTheLayerAndTheShapeOfATable) {
  EXPECT_THAT(
      misfit(resnet(18), table(13)),
      AllOf(HasSubstr("model (resnet): convolution 'stem.conv' takes no input of shape"),
            HasSubstr("[s0, 13]"), HasSubstr("expected images [B, C, H, W]"), HasSubstr("fix: ")));
}

TEST(Resnet, NamesTheDepthsThatThereAre) {
  EXPECT_THAT(misfit(resnet(19), images(3, 32)),
              AllOf(HasSubstr("model.depth: no ResNet of 19 layers"),
                    HasSubstr("expected 18, 34 or 50, or 20, 32 or 56")));
}

}  // namespace
}  // namespace maas
