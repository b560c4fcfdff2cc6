// Parameters as torchvision documents them for its weights, and timm for vit_small_patch16_224.
#include <gmock/gmock.h>

#include "call/verify.h"
#include "zoo/small_data.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;

struct Published {
  const char* type;
  int64_t parameters;
  double macs;  // of 224 x 224
};

class PublishedNetwork : public testing::TestWithParam<Published> {};

TEST_P(PublishedNetwork, HasThePublishedSize) {
  const Published& published = GetParam();
  const Program program = build(network(published.type), images(3, 224, 1000));
  EXPECT_NO_THROW(verify(program, published.type));
  EXPECT_EQ(program.parameter_count(), published.parameters);
  EXPECT_NEAR(static_cast<double>(macs_of(program)) / published.macs, 1, 0.03);
  EXPECT_EQ(output_text(program), "logits: f32[s0, 1000]");
}

TEST_P(PublishedNetwork, AnswersForSmallImages) {
  const DataSpec data = images(3, 32, 4);
  const Program program = build(network(GetParam().type), data);
  const at::Tensor out = evaluate(program, {pixels(2, data.input)}).at(0);
  EXPECT_EQ(out.sizes(), (at::IntArrayRef{2, 4}));
  EXPECT_TRUE(out.isfinite().all().item<bool>());
}

// torchvision's documentation states the multiply-adds in GFLOPS: 0.30, 0.06, 0.22, 0.39, 4.46;
// DeiT-S, the same network, is published with 4.6.
INSTANTIATE_TEST_SUITE_P(Zoo, PublishedNetwork,
                         testing::Values(Published{"mobilenet_v2", 3'504'872, 0.30e9},
                                         Published{"mobilenet_v3_small", 2'542'856, 0.057e9},
                                         Published{"mobilenet_v3_large", 5'483'032, 0.217e9},
                                         Published{"efficientnet_b0", 5'288'548, 0.386e9},
                                         Published{"convnext_t", 28'589'128, 4.456e9},
                                         Published{"vit_s", 22'050'664, 4.6e9}),
                         [](const auto& tested) { return std::string(tested.param.type); });

TEST(Vit, WantsWholePatches) {
  EXPECT_THAT(misfit(network("vit_s"), images(3, 40)),
              AllOf(HasSubstr("model (vit_s): takes no input of shape [s0, 3, 40, 40]"),
                    HasSubstr("multiples of 16"), HasSubstr("data.height")));
}

}  // namespace
}  // namespace maas
