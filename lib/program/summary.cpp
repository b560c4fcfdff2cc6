#include "program/summary.h"

#include <algorithm>
#include <map>
#include <set>

#include "program/example_sizes.h"
#include "program/operators.h"
#include "program/rewrite.h"

namespace maas {
namespace {

// 0 where it does not fit: sizes are a stranger's.
int64_t times(int64_t a, int64_t b) {
  int64_t result = 0;
  return __builtin_mul_overflow(a, b, &result) ? 0 : result;
}

int64_t product(const std::vector<int64_t>& sizes) {
  int64_t count = 1;
  for (const int64_t size : sizes) count = times(count, size);
  return count;
}

// Multiply-accumulates of a node under given sizes.
class MacCounter {
 public:
  MacCounter(const Program& program, SymbolValues sizes)
      : program_(program), sizes_(std::move(sizes)) {}

  int64_t count(const Node& node) const {
    if (is_one_of(node, {"linear", "conv1d", "conv2d", "conv3d"})) return weighted(node, false);
    if (is_one_of(node, {"conv_transpose1d", "conv_transpose2d", "conv_transpose3d"})) {
      return weighted(node, true);
    }
    if (is_one_of(node, {"convolution"})) {
      const Argument* transposed = node.find("transposed");
      const auto* flag = transposed == nullptr ? nullptr : std::get_if<bool>(transposed);
      return weighted(node, flag != nullptr && *flag);
    }
    if (is_one_of(node, {"addmm"})) return product_of(node, "mat1");
    if (is_one_of(node, {"baddbmm"})) return product_of(node, "batch1");
    if (is_one_of(node, {"mm", "bmm", "matmul"})) return product_of(node, "self");
    if (is_one_of(node, {"scaled_dot_product_attention"})) return attention(node);
    if (is_one_of(node, {"lstm", "gru", "rnn_tanh", "rnn_relu"})) return recurrence(node);
    return 0;
  }

 private:
  static bool is_one_of(const Node& node, std::initializer_list<const char*> names) {
    return node.op.rfind("aten::", 0) == 0 &&
           std::find(names.begin(), names.end(), node.op.substr(6)) != names.end();
  }
  std::vector<int64_t> shape_of(ValueId id) const { return sizes_of(program_.value(id), sizes_); }
  // Of an argument; empty when it is no tensor.
  std::vector<int64_t> shape_of(const Node& node, const char* name) const {
    const Argument* argument = node.find(name);
    const auto* ref = argument == nullptr ? nullptr : std::get_if<ValueRef>(argument);
    return ref == nullptr ? std::vector<int64_t>() : shape_of(ref->id);
  }
  int64_t results(const Node& node) const { return product(shape_of(node.outputs[0].ids[0])); }

  // Every result is a sum over one unit's weights; transposed, every input meets one.
  int64_t weighted(const Node& node, bool transposed) const {
    const std::vector<int64_t> weight = shape_of(node, "weight");
    if (weight.empty() || weight[0] == 0) return 0;
    const int64_t elements = transposed ? product(shape_of(node, "input")) : results(node);
    return times(elements, product(weight) / weight[0]);
  }
  int64_t product_of(const Node& node, const char* left) const {
    const std::vector<int64_t> shape = shape_of(node, left);
    return shape.empty() ? 0 : times(results(node), shape.back());
  }
  // Queries with keys, and weights with values.
  int64_t attention(const Node& node) const {
    const std::vector<int64_t> query = shape_of(node, "query"), key = shape_of(node, "key");
    if (key.size() < 2) return 0;
    const int64_t keys = key[key.size() - 2];
    return times(product(query), keys) + times(results(node), keys);
  }
  // Every weight once a step and sample.
  int64_t recurrence(const Node& node) const {
    const std::vector<int64_t> input = shape_of(node, "input");
    const Argument* given = node.find("params");
    const auto* params = given == nullptr ? nullptr : std::get_if<ValueList>(given);
    if (params == nullptr || input.size() < 2) return 0;
    int64_t weights = 0;
    for (const ValueId id : params->ids) {
      if (id != kNoValue && program_.value(id).shape.size() == 2) weights += product(shape_of(id));
    }
    const int64_t steps_and_samples = input.size() == 2 ? input[0] : times(input[0], input[1]);
    return times(weights, steps_and_samples);
  }

  const Program& program_;
  SymbolValues sizes_;
};

}  // namespace

std::vector<LayerSummary> summarise_layers(const Program& program) {
  std::map<ValueId, const GraphInput*> weights;
  for (const GraphInput& input : program.inputs) {
    if (input.kind == GraphInput::Kind::kParameter) weights[input.value] = &input;
  }
  const ExampleSizes sizes = example_sizes(program);
  const MacCounter macs(program, sizes.with_batch(1));
  const int64_t samples = std::max<int64_t>(sizes.fixed_batch.value_or(1), 1);
  std::set<std::string> counted;  // a tied weight counts once
  std::vector<LayerSummary> rows;
  for (const Node& node : program.nodes) {
    if (is_view(node.op) && node.op != "aten::to") continue;
    if (node.outputs.empty() || node.outputs[0].ids.empty() || node.outputs[0].ids[0] < 0) continue;
    const Value& value = program.value(node.outputs[0].ids[0]);
    if (value.kind != ValueKind::kTensor) continue;
    LayerSummary row{value.name, node.full_name(), type_text(value), 0, 0};
    for_each_use(node, [&](ValueId id) {
      const auto found = weights.find(id);
      if (found == weights.end()) return;
      const std::string& target = found->second->target;
      row.name = target.substr(0, target.rfind('.'));
      if (counted.insert(target).second) {
        row.parameters += program.parameters.at(target).numel();
      }
    });
    row.macs = macs.count(node) / samples;
    rows.push_back(std::move(row));
  }
  return rows;
}

int64_t stored_weights(const Program& program) {
  int64_t count = program.parameter_count();
  for (const auto* table : {&program.buffers, &program.constants}) {
    for (const auto& [name, tensor] : *table) {
      if (tensor.scalar_type() == at::kChar) count += tensor.numel();
    }
  }
  return count;
}

}  // namespace maas
