// Specifications of data, networks built for them, and what tests ask of a network.
#pragma once

#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>

#include <string>
#include <utility>
#include <vector>

#include "program/summary.h"
#include "support/evaluate_program.h"
#include "support/scratch.h"
#include "tensor/random.h"
#include "zoo/build_model.h"

namespace maas {

inline TaskSpec classes(int64_t count) {
  TaskSpec task;
  for (int64_t i = 0; i < count; ++i) task.labels.push_back(std::to_string(i));
  return task;
}

inline DataSpec images(int64_t channels, int64_t size, int64_t class_count = 10) {
  DataSpec data;
  data.input.channels = channels;
  data.input.height = data.input.width = size;
  data.input.mean.assign(static_cast<size_t>(channels), 0.5);
  data.input.std_dev.assign(static_cast<size_t>(channels), 0.25);
  data.task = classes(class_count);
  return data;
}

inline DataSpec table(int64_t columns, int64_t class_count = 3) {
  DataSpec data;
  data.input.kind = InputKind::kTable;
  for (int64_t i = 0; i < columns; ++i) {
    data.input.columns.push_back({.name = "x" + std::to_string(i), .categories = {}});
  }
  data.task = classes(class_count);
  return data;
}

inline ModelConfig network(const std::string& type) {
  ModelConfig config;
  config.type = type;
  return config;
}

inline ModelConfig resnet(int64_t depth) {
  ModelConfig config = network("resnet");
  config.depth = depth;
  return config;
}

inline LayerConfig layer(const std::string& type, int64_t size = 0) {
  LayerConfig made;
  made.type = type;
  made.size = size;
  return made;
}

inline ModelConfig layers(std::vector<LayerConfig> list) {
  ModelConfig config = network("layers");
  config.layers = std::move(list);
  return config;
}

inline Program build(const ModelConfig& config, const DataSpec& data, uint64_t seed = 1) {
  return build_model(
      config, data, {.seed = seed, .normalize = Normalize::kStandardize, .embed_categories = true});
}

// The text of the error when `config` does not fit `data`.
inline std::string misfit(const ModelConfig& config, const DataSpec& data) {
  return error_of([&] { build(config, data); }, ErrorKind::kUsage);
}

// Multiply-adds a sample.
inline int64_t macs_of(const Program& program) {
  int64_t macs = 0;
  for (const LayerSummary& row : summarise_layers(program)) macs += row.macs;
  return macs;
}

// "logits: f32[s0, 10]"
inline std::string output_text(const Program& program) {
  const auto& ref = std::get<ValueRef>(program.user_outputs().at(0)->value);
  return program.user_output_names.at(0) + ": " + type_text(program.value(ref.id));
}

// The nodes that call "aten::" + `op`.
inline std::vector<const Node*> nodes_of(const Program& program, const std::string& op) {
  std::vector<const Node*> found;
  for (const Node& node : program.nodes) {
    if (node.op == "aten::" + op) found.push_back(&node);
  }
  return found;
}

template <class T>
T setting(const Node& node, const std::string& name) {
  return std::get<T>(*node.find(name));
}

inline at::Tensor pixels(int64_t rows, const InputSpec& input, uint64_t seed = 5) {
  return at::randint(0, 256, {rows, input.channels, input.height, input.width},
                     make_generator(seed), at::kByte);
}

inline at::Tensor numbers(int64_t rows, int64_t columns, uint64_t seed = 5) {
  return at::randn({rows, columns}, make_generator(seed));
}

}  // namespace maas
