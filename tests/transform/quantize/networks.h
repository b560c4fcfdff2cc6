// Small networks and calibration rows for the tests of quantization.
#pragma once

#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "call/builder.h"
#include "data/tensor_dataset.h"
#include "program/mode.h"
#include "program/quantized_form.h"
#include "program/rewrite.h"
#include "run/plan.h"
#include "tensor/random.h"
#include "transform/quantize/quantized.h"

namespace maas {

// Statistics that matter, as training leaves them.
inline Program with_statistics(Program program) {
  const at::Generator generator = make_generator(5);
  for (auto& [name, tensor] : program.buffers) {
    if (tensor.is_floating_point()) tensor = at::rand(tensor.sizes(), generator) + 0.5;
  }
  for (auto& [name, tensor] : program.parameters) {
    if (name.starts_with("bn")) tensor = at::rand(tensor.sizes(), generator) + 0.5;
  }
  return with_mode(program, Mode::kEval);
}

inline Program small_mlp() {
  GraphBuilder g("net", 1);
  const Handle x = g.input("x", {20}, at::kFloat);
  const Handle a = g.relu(g.linear("fc1", x, 32));
  return g.finish({{"y", g.linear("fc2", a, 5)}});
}

// Convolution, batch norm, ReLU, max pooling, flatten, classifier.
inline Program small_convnet() {
  GraphBuilder g("net", 2);
  const Handle x = g.input("x", {3, 8, 8}, at::kFloat);
  const Handle a = g.relu(g.batch_norm("bn1", g.conv2d("conv1", x, 6, 3, {.padding = 1})));
  const Handle b = g.max_pool2d(a, 2, 2, 0);
  const Handle c = g.relu(g.batch_norm("bn2", g.conv2d("conv2", b, 8, 3, {.bias = false})));
  return with_statistics(g.finish({{"y", g.linear("fc", g.flatten(g.max_pool2d(c, 2, 2, 0)), 4)}}));
}

// A residual sum whose other branch is what the block reads.
inline Program small_resnet() {
  GraphBuilder g("net", 3);
  const Handle x = g.input("x", {3, 8, 8}, at::kFloat);
  const Handle a = g.relu(g.batch_norm("bn1", g.conv2d("conv1", x, 6, 3, {.padding = 1})));
  const Handle b = g.relu(g.batch_norm("bn2", g.conv2d("conv2", a, 6, 3, {.padding = 1})));
  const Handle c = g.batch_norm("bn3", g.conv2d("conv3", b, 6, 3, {.padding = 1}));
  const Handle d = g.global_avg_pool(g.relu(g.add(a, c)));
  return with_statistics(g.finish({{"y", g.linear("fc", g.flatten(d), 4)}}));
}

inline std::shared_ptr<const Dataset> rows_like(const Program& program, int64_t count) {
  TensorSamples samples;
  for (const GraphInput* input : program.user_inputs()) {
    std::vector<int64_t> sizes;
    for (const Dim& dim : program.value(input->value).shape) sizes.push_back(dim.size);
    sizes[0] = count;
    samples.inputs.push_back(at::randn(sizes, make_generator(7), at::TensorOptions(at::kFloat)));
  }
  samples.targets = at::zeros({count}, at::kLong);
  samples.name_of = [](int64_t i) { return std::to_string(i); };
  return tensor_dataset(std::move(samples));
}

inline Quantized on_data(const Program& program, QuantizeConfig config = {}) {
  return quantized(program, {.config = std::move(config), .data = rows_like(program, 64)});
}

inline std::vector<const Node*> nodes_calling(const Program& program, const std::string& op) {
  std::vector<const Node*> found;
  for (const Node& node : program.nodes) {
    if (node.op == op) found.push_back(&node);
  }
  return found;
}

// "aten::relu": which operator makes a value; "" for inputs and weights.
inline std::string maker(const Program& program, ValueId value) {
  const int64_t index = producers(program)[value];
  return index < 0 ? "" : program.nodes[index].op;
}

// Signal to noise of the outputs, in decibels.
inline double output_sqnr(const Program& before, const Program& after,
                          const std::vector<at::Tensor>& inputs) {
  const at::Tensor a = Plan::compile(before)->run(inputs)[0];
  const at::Tensor b = Plan::compile(after)->run(inputs)[0];
  const double noise = (a - b).square().sum().item<double>();
  return 10 * std::log10(a.square().sum().item<double>() / noise);
}

}  // namespace maas
