// Networks for the tests of lowering passes, and what a pass must not change.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/rand.h>
#include <gtest/gtest.h>

#include "call/builder.h"
#include "program/arguments.h"
#include "program/emit.h"
#include "program/mode.h"
#include "run/measure_plan.h"
#include "run/plan.h"

namespace maas {

// Convolution, batch norm, a residual sum, a classifier; norms with statistics that matter.
inline Program small_resnet() {
  GraphBuilder g("net", 3);
  const Handle x = g.input("x", {3, 8, 8}, at::kFloat);
  const Handle a = g.relu(g.batch_norm("bn1", g.conv2d("conv1", x, 6, 3, {.padding = 1})));
  const Handle b = g.batch_norm("bn2", g.conv2d("conv2", a, 6, 3, {.padding = 1, .bias = false}));
  const Handle y = g.linear("fc", g.flatten(g.global_avg_pool(g.relu(g.add(a, b)))), 4);
  Program program = g.finish({{"y", y}});
  for (auto& [name, tensor] : program.buffers) {
    if (tensor.is_floating_point()) tensor = at::rand(tensor.sizes()) + 0.5;
  }
  for (auto& [name, tensor] : program.parameters) {
    if (name.starts_with("bn")) tensor = at::rand(tensor.sizes()) + 0.5;
  }
  return with_mode(program, Mode::kEval);
}

inline int64_t count(const Program& program, const std::string& op) {
  int64_t found = 0;
  for (const Node& node : program.nodes) found += node.op == op ? 1 : 0;
  return found;
}

inline double difference(const Program& before, const Program& after, int64_t batch) {
  const auto inputs = example_inputs(before, batch);
  const at::Tensor a = Plan::compile(before)->run(inputs)[0];
  const at::Tensor b = Plan::compile(after)->run(inputs)[0];
  return ((a - b).abs().max() / a.abs().max()).item<double>();
}

// With convolutions as torch.export's run_decompositions() writes them.
inline Program decomposed(Program program) {
  for (Node& node : program.nodes) {
    if (node.op != "aten::conv2d") continue;
    const Node::Output made = node.outputs.at(0);
    node = make_node("aten::convolution", {{"input", argument_of(node, "input", None{})},
                                           {"weight", argument_of(node, "weight", None{})},
                                           {"bias", argument_of(node, "bias", None{})},
                                           {"stride", argument_of(node, "stride", IntList{})},
                                           {"padding", argument_of(node, "padding", IntList{})},
                                           {"dilation", int_list({1, 1})},
                                           {"transposed", false},
                                           {"output_padding", int_list({0, 0})},
                                           {"groups", int64_t{1}}});
    node.outputs = {made};
  }
  return program;
}

// Whether this libtorch packs convolutions: a build without oneDNN, or for another CPU, does not.
inline bool has_packed_convolutions() {
  auto& dispatcher = c10::Dispatcher::singleton();
  return dispatcher.findSchema({"mkldnn::_convolution_pointwise", ""}).has_value() &&
         dispatcher.findSchema({"mkldnn::_reorder_convolution_weight", ""}).has_value();
}

// The same for products of matrices.
inline bool has_onednn_products() {
  auto& dispatcher = c10::Dispatcher::singleton();
  return dispatcher.findSchema({"mkldnn::_linear_pointwise", ""}).has_value() &&
         dispatcher.findSchema({"mkldnn::_reorder_linear_weight", ""}).has_value();
}

}  // namespace maas
