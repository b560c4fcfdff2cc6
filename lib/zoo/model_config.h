// `model:` in a config: which network, and its sizes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/fields.h"

namespace maas {

// One layer of `model: {type: layers, layers: [...]}`. Fields that a kind does not have are
// refused.
struct LayerConfig {
  std::string type = "linear";
  int64_t size = 0;          // linear, conv: outputs
  int64_t kernel = 3;        // conv, max_pool, avg_pool
  int64_t stride = 0;        // 0 = 1 for conv, the kernel for pools
  int64_t padding = 0;       // conv, max_pool
  double probability = 0.5;  // dropout
  void describe(Fields& field);
};

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

}  // namespace maas
