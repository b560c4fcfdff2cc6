// `model:` in a config: which network, and its sizes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/config_places.h"
#include "config/fields.h"

namespace maas {

// One layer of `model: {type: layers, layers: [...]}`. Fields that a kind does not have are
// refused.
struct LayerConfig {
  std::string type = "linear";
  std::string name;               // by which `from` of later layers names its output; "" = none
  std::vector<std::string> from;  // named outputs: the input instead of the layer before; of add,
                                  // multiply and concat what is joined to that
  int64_t size = 0;               // outputs, channels, width of a state
  int64_t kernel = 3;
  int64_t stride = 0;  // 0 = 1 for convolutions, the kernel for pools
  int64_t padding = 0;
  int64_t dilation = 1;
  int64_t groups = 1;
  bool bias = true;          // linear, convolutions
  double probability = 0.5;  // dropout
  int64_t rows = 0;          // embedding: how many vectors
  int64_t layers = 1;        // lstm, gru
  bool bidirectional = false;
  std::string output = "last";    // lstm, gru: the last state, or all steps
  int64_t heads = 1;              // attention
  bool causal = false;            // attention
  std::string encoding = "sine";  // position
  std::vector<int64_t> shape;     // reshape: of a sample
  void describe(Fields& field);
};

// The kinds of layers, each with the setting that `kind: value` stands for ("" = none).
std::map<std::string, std::string> layer_kinds();

struct ModelConfig {
  InputPath from;             // start from this model instead of building one
  std::string head = "keep";  // its last layer: keep, auto (new where classes differ) or new
  std::string type = "mlp";
  std::vector<int64_t> hidden = {128};       // mlp
  std::string activation = "relu";           // mlp, convnet
  double dropout = 0;                        // mlp, lenet5, convnet
  bool batch_norm = false;                   // mlp
  std::vector<int64_t> channels = {32, 64};  // convnet: one block of two convolutions each
  int64_t depth = 18;                        // resnet: 18, 34, 50; 20, 32, 56 (the CIFAR forms)
  std::vector<LayerConfig> layers;           // layers
  void describe(Fields& field);
};

// Throws Error{kUsage} where one file, or the command line over it, says how to build a network
// beside model.from, which is one already.
void refuse_built_beside_from(const ConfigPlaces& places, ModelConfig& model);

}  // namespace maas
