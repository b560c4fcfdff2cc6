#include "zoo/model_config.h"

namespace maas {

void LayerConfig::describe(Fields& field) {
  field("type", type)
      .one_of({"linear", "conv", "batch_norm", "relu", "sigmoid", "tanh", "gelu", "silu",
               "leaky_relu", "max_pool", "avg_pool", "global_avg_pool", "flatten", "dropout"})
      .doc("kind of layer");
  field("size", size).at_least(1).only_for("type", {"linear", "conv"}).doc("outputs").required();
  field("kernel", kernel)
      .between(1, 1024)
      .only_for("type", {"conv", "max_pool", "avg_pool"})
      .doc("window, height = width");
  field("stride", stride)
      .between(0, 1024)
      .only_for("type", {"conv", "max_pool", "avg_pool"})
      .doc("step of the window; 0 = 1 for conv, the kernel for pools");
  field("padding", padding)
      .between(0, 1024)
      .only_for("type", {"conv", "max_pool"})
      .doc("zeros around the input");
  field("probability", probability)
      .between(0, 0.99)
      .only_for("type", {"dropout"})
      .doc("share of values set to zero in training");
}

void ModelConfig::describe(Fields& field) {
  field("from", from).doc("start from this model (.pt or .pt2) instead of building one");
  field("head", head)
      .one_of({"keep", "auto", "new"})
      .doc(
          "last layer of `from`: keep it; auto = a new one for the data's classes or targets, "
          "unless "
          "the network was trained for just these; new = a new one");
  field("type", type)
      .one_of({"mlp", "lenet5", "lenet300", "convnet", "resnet", "layers"})
      .doc("network to build; input and output sizes come from the data");
  field("hidden", hidden).at_least(1).only_for("type", {"mlp"}).doc("widths of the hidden layers");
  field("activation", activation)
      .one_of({"relu", "sigmoid", "tanh", "gelu", "silu", "leaky_relu"})
      .only_for("type", {"mlp", "convnet", "lenet5"})
      .doc("between the layers");
  field("dropout", dropout)
      .between(0, 0.95)
      .only_for("type", {"mlp", "convnet", "lenet5"})
      .doc("share of values set to zero in training; 0 = none");
  field("batch_norm", batch_norm)
      .only_for("type", {"mlp"})
      .doc("normalise after each hidden layer");
  field("channels", channels)
      .at_least(1)
      .only_for("type", {"convnet"})
      .doc("one block (two convolutions, each with batch norm, then pooling) for each number");
  field("depth", depth)
      .one_of({"18", "34", "50", "20", "32", "56"})
      .only_for("type", {"resnet"})
      .doc("18, 34, 50 as for ImageNet; 20, 32, 56 as for CIFAR");
  field("layers", layers).only_for("type", {"layers"}).doc("the layers in order");
}

}  // namespace maas
