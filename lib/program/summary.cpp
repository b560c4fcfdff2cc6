#include "program/summary.h"

#include <map>
#include <set>

#include "program/operators.h"
#include "program/rewrite.h"
#include "tensor/dtype.h"

namespace maas {
namespace {

// Elements of the value for one sample: symbolic sizes count as 1 when they are the batch alone.
int64_t elements_a_sample(const Value& value) {
  int64_t count = 1;
  for (size_t i = 0; i < value.shape.size(); ++i) {
    if (i == 0 && value.shape[i].is_symbolic()) continue;
    count *= std::max<int64_t>(value.shape[i].size, 1);
  }
  return count;
}

// Multiply-accumulates behind one element of the result: the size of one output unit's weights.
int64_t macs_an_element(const Program& program, const Node& node) {
  static const std::set<std::string> weighted = {"aten::linear", "aten::conv1d", "aten::conv2d",
                                                 "aten::conv3d", "aten::convolution"};
  const Argument* weight = node.find("weight");
  const char* product = node.op == "aten::addmm" ? "mat1" : "self";
  if (weighted.count(node.op) != 0 && weight != nullptr) {
    const auto* ref = std::get_if<ValueRef>(weight);
    if (ref == nullptr || program.value(ref->id).shape.empty()) return 0;
    const Value& value = program.value(ref->id);
    return elements_a_sample(value) / std::max<int64_t>(value.shape[0].size, 1);
  }
  if (node.op == "aten::addmm" || node.op == "aten::mm" || node.op == "aten::matmul" ||
      node.op == "aten::bmm") {
    const Argument* left = node.find(product);
    const auto* ref = left == nullptr ? nullptr : std::get_if<ValueRef>(left);
    if (ref != nullptr && !program.value(ref->id).shape.empty()) {
      return program.value(ref->id).shape.back().size;
    }
  }
  return 0;
}

}  // namespace

std::vector<LayerSummary> summarise_layers(const Program& program) {
  std::map<ValueId, const GraphInput*> weights;
  for (const GraphInput& input : program.inputs) {
    if (input.kind == InputKindOf::kParameter) weights[input.value] = &input;
  }
  std::set<std::string> counted;  // a tied weight counts once
  std::vector<LayerSummary> rows;
  for (const Node& node : program.nodes) {
    if (is_view(node.op) && node.op != "aten::to") continue;
    if (node.outputs.empty() || node.outputs[0].ids.empty() || node.outputs[0].ids[0] < 0) continue;
    const Value& value = program.value(node.outputs[0].ids[0]);
    if (value.kind != ValueKind::kTensor) continue;
    LayerSummary row{value.name, node.full_name(), dtype_name(value.dtype) + to_text(value.shape),
                     0, 0};
    for_each_use(node, [&](ValueId id) {
      const auto found = weights.find(id);
      if (found == weights.end()) return;
      const std::string& target = found->second->target;
      row.name = target.substr(0, target.rfind('.'));
      if (counted.insert(target).second) {
        row.parameters += program.parameters.at(target).numel();
      }
    });
    row.macs = elements_a_sample(value) * macs_an_element(program, node);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace maas
