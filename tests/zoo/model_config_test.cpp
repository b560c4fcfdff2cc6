#include "zoo/model_config.h"

#include <gmock/gmock.h>

#include "config/flatten_config.h"
#include "config/read_config.h"
#include "config/write_config.h"
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

TEST(ModelConfig, ReadsLayersAsOneWouldWriteThem) {
  const auto layers = [](const std::string& list) {
    return parse("type: layers\nlayers: " + list + "\n").layers;
  };
  const auto read = layers(
      "[conv: 32, relu, max_pool: 2, {conv: 8, kernel: 5, name: a}, dropout: 0.3, "
      "{lstm: {size: 7, layers: 2}}, {add: a}, concat: [a, input], flatten, "
      "reshape: [3, -1], {type: linear, size: 9}]");
  ASSERT_EQ(read.size(), 11U);
  EXPECT_EQ(read[0].type, "conv");
  EXPECT_EQ(read[0].size, 32);
  EXPECT_EQ(read[1].type, "relu");
  EXPECT_EQ(read[2].kernel, 2);
  EXPECT_EQ(read[3].kernel, 5);
  EXPECT_EQ(read[3].name, "a");
  EXPECT_EQ(read[4].probability, 0.3);
  EXPECT_EQ(read[5].size, 7);
  EXPECT_EQ(read[5].layers, 2);
  EXPECT_EQ(read[6].from, (std::vector<std::string>{"a"}));
  EXPECT_EQ(read[7].from, (std::vector<std::string>{"a", "input"}));
  EXPECT_EQ(read[9].shape, (std::vector<int64_t>{3, -1}));
  EXPECT_EQ(read[10].size, 9);
  EXPECT_EQ(layers("\n  - conv: 4\n  - relu\n  - {max_pool: }").at(2).type, "max_pool");
}

TEST(ModelConfig, WritesLayersThatReadTheSame) {
  ModelConfig config =
      parse("type: layers\nlayers: [{conv: 4, name: a}, relu, {add: a}, {gru: 3, output: all}]\n");
  ModelConfig again = parse(write_config(config));
  EXPECT_EQ(flatten_config(again), flatten_config(config));
}

TEST(ModelConfig, SuggestsTheKindOfLayer) {
  EXPECT_THAT(
      refusal("type: layers\nlayers: [relu, maxpool: 2]\n"),
      AllOf(HasSubstr("model.yaml:2:16: layers.1: no type is called 'maxpool'; did you mean "
                      "'max_pool'?"),
            HasSubstr("expected one of add, attention")));
  EXPECT_THAT(refusal("type: layers\nlayers: [relu: 3]\n"),
              HasSubstr("layers.0: relu takes no value, and is given '3'"));
  EXPECT_THAT(refusal("type: layers\nlayers: [{conv: {size: 3, kernel: 2}, kernel: 5}]\n"),
              HasSubstr("'conv.kernel'"));
  EXPECT_THAT(refusal("type: layers\nlayers: [convv]\n"), HasSubstr("did you mean 'conv'?"));
}

TEST(ModelConfig, RefusesWhatAKindOfLayerDoesNotHave) {
  for (const char* layer :
       {"{type: linear, size: 3, kernel: 3}", "{type: relu, size: 3}", "{type: relu, padding: 1}",
        "{type: flatten, probability: 0.5}", "{type: dropout, stride: 1}"}) {
    EXPECT_THAT(refusal(std::string("type: layers\nlayers:\n  - ") + layer + "\n"),
                HasSubstr("model.yaml:3:"))
        << layer;
  }
  EXPECT_THAT(refusal("type: layers\nlayers: [{type: maxpool}]\n"),
              HasSubstr("did you mean 'max_pool'?"));
}

}  // namespace
}  // namespace maas
