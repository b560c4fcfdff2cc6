#include "zoo/model_config.h"

#include <gmock/gmock.h>

#include "config/read_config.h"
#include "support/scratch.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;

ModelConfig parse(const std::string& text) {
  return read_config<ModelConfig>({.file = "", .text = text, .text_name = "model.yaml"});
}

std::string refusal(const std::string& text) {
  return error_of([&] { parse(text); }, ErrorKind::kUsage);
}

TEST(ModelConfig, IsTheSeedsNetworkByDefault) {
  const ModelConfig config = parse("{}\n");
  EXPECT_EQ(config.type, "mlp");
  EXPECT_EQ(config.hidden, std::vector<int64_t>{128});
  EXPECT_EQ(config.activation, "relu");
  EXPECT_EQ(config.dropout, 0);
  EXPECT_FALSE(config.batch_norm);
}

TEST(ModelConfig, SuggestsTheNearestNetwork) {
  EXPECT_THAT(refusal("type: resnt\n"),
              AllOf(HasSubstr("model.yaml:1:7: type is 'resnt'"), HasSubstr("lenet300"),
                    HasSubstr("did you mean 'resnet'?")));
}

TEST(ModelConfig, NamesTheDepthsThatThereAre) {
  EXPECT_THAT(refusal("type: resnet\ndepth: 19\n"),
              HasSubstr("model.yaml:2:8: depth is '19'; expected one of 18, 34, 50, 20, 32, 56"));
}

TEST(ModelConfig, SaysWhichNetworksHaveASetting) {
  for (const char* text :
       {"type: resnet\nhidden: [5]\n", "type: lenet300\nactivation: tanh\n",
        "type: resnet\ndropout: 0.1\n", "type: convnet\nbatch_norm: true\n",
        "type: mlp\nchannels: [4]\n", "type: mlp\ndepth: 18\n", "type: mlp\nlayers: []\n"}) {
    EXPECT_THAT(refusal(text), AllOf(HasSubstr("model.yaml:2:"), HasSubstr("type"))) << text;
  }
}

TEST(ModelConfig, SaysTheRangesOfSizesAndShares) {
  EXPECT_THAT(refusal("hidden: [0]\n"), AllOf(HasSubstr("model.yaml:1:10: hidden"),
                                              HasSubstr("is '0'"), HasSubstr("at least 1")));
  EXPECT_THAT(refusal("dropout: 1\n"),
              AllOf(HasSubstr("model.yaml:1:10: dropout is '1'"), HasSubstr("0 to 0.95")));
  EXPECT_THAT(refusal("type: convnet\nchannels: [8, -1]\n"),
              AllOf(HasSubstr("model.yaml:2:15: channels"), HasSubstr("at least 1")));
}

TEST(ModelConfig, WantsASizeOfALayerWithOutputs) {
  for (const char* kind : {"linear", "conv"}) {
    EXPECT_THAT(refusal(std::string("type: layers\nlayers:\n  - {type: ") + kind + "}\n"),
                AllOf(HasSubstr("model.yaml:3:5: "), HasSubstr("size")))
        << kind;
  }
  EXPECT_NO_THROW(parse("type: layers\nlayers: [{type: relu}, {type: flatten}]\n"));
}

TEST(ModelConfig, RefusesWhatAKindOfLayerDoesNotHave) {
  for (const char* layer : {"{type: linear, size: 3, kernel: 3}", "{type: relu, size: 3}",
                            "{type: avg_pool, padding: 1}", "{type: flatten, probability: 0.5}",
                            "{type: dropout, stride: 1}"}) {
    EXPECT_THAT(refusal(std::string("type: layers\nlayers:\n  - ") + layer + "\n"),
                HasSubstr("model.yaml:3:"))
        << layer;
  }
  EXPECT_THAT(refusal("type: layers\nlayers: [{type: maxpool}]\n"),
              HasSubstr("did you mean 'max_pool'?"));
}

}  // namespace
}  // namespace maas
