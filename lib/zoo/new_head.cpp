#include "zoo/new_head.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <set>

#include "base/throw_error.h"
#include "call/builder.h"
#include "call/declare_shapes.h"
#include "call/verify.h"
#include "program/arguments.h"
#include "program/compose.h"
#include "program/last_layer.h"
#include "program/rewrite.h"
#include "tensor/random.h"
#include "zoo/target_scale.h"

namespace maas {
namespace {

at::Tensor drawn(const at::Tensor& old, int64_t outputs, double bound, uint64_t seed) {
  std::vector<int64_t> sizes = old.sizes().vec();
  sizes[0] = outputs;
  return uniform_tensor(sizes, bound, seed).to(old.scalar_type());
}

// A view that spells the old number of outputs out, such as view(x, [-1, 1000]).
void resize_views(Program& program, const LastLayer& last, int64_t outputs) {
  for (const size_t index : last.shapes) {
    Node& node = program.nodes[index];
    for (const char* name : {"size", "shape"}) {
      const Argument* given = node.find(name);
      const auto* list = given == nullptr ? nullptr : std::get_if<IntList>(given);
      if (list == nullptr) continue;
      IntList sizes = *list;
      for (IntOrValue& size : sizes.items) {
        if (size.value == kNoValue && size.number == last.outputs) size.number = outputs;
      }
      node.set(name, sizes);
    }
  }
}

// Anew what depends on the layer's weights.
void declare_what_follows(Program& program, const LastLayer& last, const std::string& where) {
  std::set<ValueId> changed;
  for (const GraphInput& input : program.inputs) {
    const bool new_weights = input.kind == GraphInput::Kind::kParameter &&
                             (input.target == last.weight || input.target == last.bias);
    if (!new_weights) continue;
    const at::Tensor& tensor = program.tensor_of(input);
    Value& value = program.value(input.value);
    value.shape = {tensor.sizes().begin(), tensor.sizes().end()};
    value.strides.clear();
    changed.insert(input.value);
  }
  const ShapeDeclarer declarer(program, where);
  for (size_t i = 0; i < program.nodes.size(); ++i) {
    bool reads = false;
    for_each_use(program.nodes[i], [&](ValueId id) { reads = reads || changed.contains(id); });
    if (!reads) continue;
    declarer.declare_results(program, static_cast<int64_t>(i));
    for_each_result(program.nodes[i], [&](ValueId id) { changed.insert(id); });
  }
}

// What squashes and scales is taken out; its names.
std::vector<std::string> leave_out(Program& program, const LastLayer& last) {
  std::vector<std::string> names;
  for (const size_t index : last.squashes) {
    const Node& node = program.nodes[index];
    const ValueId result = node.outputs.at(0).ids.at(0), before = operand_of(node, "self");
    names.push_back(node.op.substr(node.op.find("::") + 2));
    replace_value(program, result, before);
  }
  remove_dead_code(program);
  return names;
}

// The new outputs in the targets' units.
Program in_units(const Program& network, const TaskSpec& task, const std::string& where) {
  if (task.scales.empty()) return network;
  const std::vector<Dim> shape = network.output_shape();
  const auto outputs = network.user_outputs();
  if (outputs.size() != 1 || shape.size() != 2) {
    throw_usage(where,
                fmt::format("gives {} outputs, the first {}", outputs.size(), to_text(shape)),
                "one output [batch, targets] for a regression",
                "set data.targets: none, so that the network learns the numbers as they are");
  }
  GraphBuilder g("targets", 0);
  const Value& made = network.value(std::get<ValueRef>(outputs[0]->value).id);
  const Handle y = g.input("outputs", {task.outputs()}, made.dtype);
  return compose(network, g.finish({{"values", in_target_units(g, y, task)}}));
}

}  // namespace

WithNewHead with_new_head(Program network, const TaskSpec& task, uint64_t seed,
                          const std::string& where) {
  const LastLayer last = find_last_layer(network, where);
  const at::Tensor old = network.parameters.at(last.weight);
  const double bound = 1 / std::sqrt(static_cast<double>(old.size(1)));
  at::Tensor& weight = network.parameters.at(last.weight);
  weight = drawn(old, task.outputs(), bound, mix_seed(seed, "head", 0));
  if (!last.bias.empty()) {
    at::Tensor& bias = network.parameters.at(last.bias);
    bias = drawn(bias, task.outputs(), bound, mix_seed(seed, "head", 1));
  }
  WithNewHead made;
  made.told = fmt::format("{} [{}] -> [{}]", last.weight, fmt::join(old.sizes(), ", "),
                          fmt::join(weight.sizes(), ", "));
  resize_views(network, last, task.outputs());
  const std::vector<std::string> left_out = leave_out(network, last);
  if (!left_out.empty()) {
    made.told += fmt::format("; what stood behind it is left out: {}", fmt::join(left_out, ", "));
  }
  try {
    declare_what_follows(network, last, where);
  } catch (const Error& error) {
    throw_usage(where, fmt::format("takes no {} outputs: {}", task.outputs(), error.first().what),
                "a network whose last layer may have any number of rows",
                "export it with a last layer for these data");
  }
  made.program = in_units(network, task, where);
  verify(made.program, where);
  return made;
}

}  // namespace maas
