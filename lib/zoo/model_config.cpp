#include "zoo/model_config.h"

#include <fmt/format.h>

#include "base/throw_error.h"

namespace maas {

namespace {

using Words = std::vector<std::string>;

const Words kConvolutions = {"conv", "conv1d", "conv_transpose", "depthwise"};
const Words kWindows = {"conv", "conv1d", "conv_transpose", "depthwise", "max_pool", "avg_pool"};
const Words kRecurrent = {"lstm", "gru"};

Words all_kinds() {
  Words kinds;
  for (const auto& [kind, key] : layer_kinds()) kinds.push_back(kind);
  return kinds;
}

void describe_windows(LayerConfig& layer, Fields& field) {
  field("kernel", layer.kernel)
      .between(1, 1024)
      .only_for("type", kWindows)
      .doc("window, height = width");
  field("stride", layer.stride)
      .between(0, 1024)
      .only_for("type", kWindows)
      .doc("step of the window; 0 = 1 for convolutions, the kernel for pools");
  field("padding", layer.padding)
      .between(0, 1024)
      .only_for("type", kWindows)
      .doc("zeros around the input");
  field("dilation", layer.dilation)
      .between(1, 1024)
      .only_for("type", kConvolutions)
      .doc("distance between the places of the window");
  field("groups", layer.groups)
      .between(1, 1e6)
      .only_for("type", {"conv", "conv1d", "conv_transpose", "group_norm"})
      .doc("groups of channels that do not see each other");
}

void describe_sequences(LayerConfig& layer, Fields& field) {
  field("rows", layer.rows)
      .between(1, 1e9)
      .only_for("type", {"embedding"})
      .required()
      .doc("vectors: whole numbers of the input are from 0 to rows - 1");
  field("layers", layer.layers).between(1, 64).only_for("type", kRecurrent).doc("one on another");
  field("bidirectional", layer.bidirectional)
      .only_for("type", kRecurrent)
      .doc("a second one from the end to the start; gives 2 * size");
  field("output", layer.output)
      .one_of({"last", "all"})
      .only_for("type", kRecurrent)
      .doc("the state after the last step, or after each: a sequence");
  field("heads", layer.heads)
      .between(1, 1024)
      .only_for("type", {"attention"})
      .doc("attention heads");
  field("causal", layer.causal)
      .only_for("type", {"attention"})
      .doc("a step sees those before it and itself, no later ones");
  field("encoding", layer.encoding)
      .one_of({"sine", "learnt"})
      .only_for("type", {"position"})
      .doc("a vector a place: fixed sines and cosines, or learnt");
  field("shape", layer.shape)
      .between(-1, 1e9)
      .only_for("type", {"reshape"})
      .required()
      .doc("of a sample, without the batch; one size may be -1: what is left");
}

}  // namespace

std::map<std::string, std::string> layer_kinds() {
  return {{"linear", "size"},
          {"conv", "size"},
          {"conv1d", "size"},
          {"conv_transpose", "size"},
          {"depthwise", "kernel"},
          {"batch_norm", ""},
          {"layer_norm", ""},
          {"group_norm", "groups"},
          {"instance_norm", ""},
          {"relu", ""},
          {"sigmoid", ""},
          {"tanh", ""},
          {"gelu", ""},
          {"silu", ""},
          {"leaky_relu", ""},
          {"relu6", ""},
          {"hardswish", ""},
          {"hardsigmoid", ""},
          {"elu", ""},
          {"mish", ""},
          {"softplus", ""},
          {"max_pool", "kernel"},
          {"avg_pool", "kernel"},
          {"global_avg_pool", ""},
          {"flatten", ""},
          {"reshape", "shape"},
          {"transpose", ""},
          {"mean", ""},
          {"dropout", "probability"},
          {"embedding", "rows"},
          {"position", "encoding"},
          {"attention", "heads"},
          {"lstm", "size"},
          {"gru", "size"},
          {"add", "from"},
          {"multiply", "from"},
          {"concat", "from"}};
}

void LayerConfig::describe(Fields& field) {
  field("type", type).one_of(all_kinds()).doc("kind of layer; docs/layers.md tells them");
  field("name", name).doc("by which `from` of later layers names its output");
  field("from", from)
      .or_one()
      .doc(
          "a named output, or input, that the layer takes instead of the layer before it; of add, "
          "multiply and concat what is joined to that");
  field("size", size)
      .between(1, 1e9)
      .only_for("type", {"linear", "conv", "conv1d", "conv_transpose", "embedding", "lstm", "gru"})
      .doc("outputs, channels, or width of a state")
      .required();
  describe_windows(*this, field);
  field("bias", bias)
      .only_for("type", {"linear", "conv", "conv1d", "conv_transpose", "depthwise"})
      .doc("a number is added to each output");
  field("probability", probability)
      .between(0, 0.99)
      .only_for("type", {"dropout"})
      .doc("share of values set to zero in training");
  describe_sequences(*this, field);
}

namespace {

// How a network is built: of no meaning where one is there.
void describe_building(ModelConfig& model, Fields& field) {
  field("type", model.type)
      .one_of({"mlp", "lenet5", "lenet300", "convnet", "resnet", "mobilenet_v2",
               "mobilenet_v3_small", "mobilenet_v3_large", "efficientnet_b0", "convnext_t", "vit_s",
               "layers"})
      .instead_of({"from", "head"})
      .doc("network to build; input and output sizes come from the data");
  field("hidden", model.hidden)
      .at_least(1)
      .only_for("type", {"mlp"})
      .doc("widths of the hidden layers");
  field("activation", model.activation)
      .one_of({"relu", "sigmoid", "tanh", "gelu", "silu", "leaky_relu"})
      .only_for("type", {"mlp", "convnet", "lenet5"})
      .doc("between the layers");
  field("dropout", model.dropout)
      .between(0, 0.95)
      .only_for("type", {"mlp", "convnet", "lenet5", "mobilenet_v2", "mobilenet_v3_small",
                         "mobilenet_v3_large", "efficientnet_b0", "convnext_t", "vit_s"})
      .doc("share of values set to zero in training; 0 = none");
  field("batch_norm", model.batch_norm)
      .only_for("type", {"mlp"})
      .doc("normalise after each hidden layer");
  field("channels", model.channels)
      .at_least(1)
      .only_for("type", {"convnet"})
      .doc("one block (two convolutions, each with batch norm, then pooling) for each number");
  field("depth", model.depth)
      .one_of({"18", "34", "50", "20", "32", "56"})
      .only_for("type", {"resnet"})
      .doc("18, 34, 50 as for ImageNet; 20, 32, 56 as for CIFAR");
  field("layers", model.layers)
      .only_for("type", {"layers"})
      .shorthand("type")
      .worded(layer_kinds())
      .doc("the layers in order, such as [conv: 32, relu, max_pool: 2]");
}

}  // namespace

void ModelConfig::describe(Fields& field) {
  Field& start =
      field("from", from).doc("start from this model (.pt or .pt2) instead of building one");
  field("head", head)
      .one_of({"keep", "auto", "new"})
      .doc(
          "last layer of `from`: keep it; auto = a new one for the data's classes or targets, "
          "unless "
          "the network was trained for just these; new = a new one");
  const size_t others = field.list.size();
  describe_building(*this, field);
  std::vector<std::string> built;
  for (size_t i = others; i < field.list.size(); ++i) {
    built.push_back(field.list[i]->unless("from").name);
  }
  start.instead_of(std::move(built));
}

void refuse_built_beside_from(const ConfigPlaces& places, ModelConfig& model) {
  if (model.from.path.empty()) return;
  Fields fields;
  model.describe(fields);
  for (const auto& field : fields.list) {
    const std::string key = "model." + field->name;
    if (field->moot_beside != "from" || !places.has_beside(key, "model.from")) continue;
    throw_usage(
        key, "is given beside model.from, which is a network already", "one of them",
        fmt::format("leave {} out to go on with that network, or model.from to build one", key));
  }
}

}  // namespace maas
