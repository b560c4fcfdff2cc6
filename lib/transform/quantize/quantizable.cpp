#include "transform/quantize/quantizable.h"

#include <algorithm>
#include <map>
#include <set>

#include "program/arguments.h"
#include "program/operators.h"
#include "program/rewrite.h"

namespace maas {
namespace {

constexpr int64_t kLeastTable = 4096, kLeastWidth = 16;

bool has_result(const Node& node) {
  return !node.outputs.empty() && !node.outputs[0].ids.empty() && !node.outputs[0].is_list;
}

// "fc1.weight" -> "fc1"
std::string layer_name(const std::string& target) {
  const std::string suffix = ".weight";
  const bool named = target.size() > suffix.size() && target.ends_with(suffix);
  return named ? target.substr(0, target.size() - suffix.size()) : target;
}

class Finder {
 public:
  explicit Finder(const Program& program) : program_(program) {
    for (const GraphInput& input : program.inputs) {
      if (input.kind == GraphInput::Kind::kUser || input.value == kNoValue) continue;
      if (input.kind == GraphInput::Kind::kConstantScalar) continue;
      weights_[input.value] = &input;
    }
  }

  std::vector<QuantizableLayer> run() const {
    std::vector<QuantizableLayer> layers;
    for (size_t i = 0; i < program_.nodes.size(); ++i) {
      const Node& node = program_.nodes[i];
      const bool is_convolution = is_one_of(node.op, {"aten::conv1d", "aten::conv2d"});
      const bool is_table = node.full_name() == "aten::embedding";
      if (!has_result(node)) continue;
      if (!is_convolution && !is_table && node.full_name() != "aten::linear") continue;
      QuantizableLayer layer;
      layer.kind = is_table         ? QuantizableLayer::Kind::kEmbedding
                   : is_convolution ? QuantizableLayer::Kind::kConvolution
                                    : QuantizableLayer::Kind::kLinear;
      layer.node = i;
      layer.input = operand_of(node, is_table ? "indices" : "input");
      layer.weight_id = operand_of(node, "weight");
      if (take_weight(layer)) layers.push_back(std::move(layer));
    }
    return layers;
  }

 private:
  bool take_weight(QuantizableLayer& layer) const {
    const auto found = weights_.find(layer.weight_id);
    if (found == weights_.end() || layer.input == kNoValue) return false;
    layer.weight = program_.tensor_of(*found->second);
    layer.name = layer_name(found->second->target);
    if (layer.weight.scalar_type() != at::kFloat || layer.weight.dim() < 2) return false;
    if (layer.kind != QuantizableLayer::Kind::kEmbedding) {
      return program_.value(layer.input).dtype == at::kFloat && layer.weight.numel() > 0;
    }
    return layer.weight.numel() >= kLeastTable && layer.weight.size(1) >= kLeastWidth;
  }

  const Program& program_;
  std::map<ValueId, const GraphInput*> weights_;
};

}  // namespace

bool keeps_integers(const Node& node) {
  return is_one_of(node.op, {"aten::max_pool2d", "aten::max_pool2d_with_indices", "aten::flatten",
                             "aten::view", "aten::_unsafe_view", "aten::reshape", "aten::permute",
                             "aten::transpose", "aten::squeeze", "aten::unsqueeze", "aten::dropout",
                             "aten::contiguous", "aten::clone", "aten::alias", "aten::detach"}) &&
         !flag_of(node, "train", false);
}

ValueId carried_from(const Node& node) {
  return operand_of(node, node.find("input") != nullptr ? "input" : "self");
}

std::vector<QuantizableLayer> quantizable_layers(const Program& program) {
  return Finder(program).run();
}

std::vector<ValueId> activation_points(const Program& program,
                                       const std::vector<QuantizableLayer>& layers) {
  const std::vector<int64_t> made_by = producers(program);
  std::map<ValueId, at::Tensor> known = tensors_by_value(program);
  std::set<ValueId> found;
  for (const QuantizableLayer& layer : layers) {
    if (layer.kind == QuantizableLayer::Kind::kEmbedding) continue;
    ValueId value = layer.input;
    while (made_by[value] >= 0) {
      const Node& node = program.nodes[made_by[value]];
      if (!keeps_integers(node) || node.outputs[0].ids[0] != value) break;
      const ValueId before = carried_from(node);
      if (before == kNoValue || program.value(before).dtype != at::kFloat) break;
      value = before;
    }
    if (known.count(value) == 0) found.insert(value);
  }
  std::vector<ValueId> points(found.begin(), found.end());
  std::stable_sort(points.begin(), points.end(),
                   [&](ValueId a, ValueId b) { return made_by[a] < made_by[b]; });
  return points;
}

bool takes_rounded(const Node& node) {
  return keeps_integers(node) ||
         is_one_of(node.op, {"aten::add", "aten::relu", "aten::relu6", "aten::hardtanh",
                             "aten::avg_pool2d", "aten::adaptive_avg_pool2d",
                             "aten::_adaptive_avg_pool2d", "aten::mean", "aten::cat"});
}

}  // namespace maas
