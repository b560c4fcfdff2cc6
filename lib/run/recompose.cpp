#include "run/recompose.h"

#include <algorithm>
#include <optional>
#include <set>

#include "program/arguments.h"
#include "program/emit.h"
#include "program/operators.h"
#include "program/rewrite.h"

namespace maas {
namespace {

class Recomposer {
 public:
  explicit Recomposer(Program program)
      : program_(std::move(program)), made_by_(producers(program_)), uses_(count_uses(program_)) {
    for (const auto& [value, tensor] : tensors_by_value(program_)) weights_.insert(value);
    for (const Node& node : program_.nodes) {
      if (makes_weight(node)) for_each_result(node, [&](ValueId id) { weights_.insert(id); });
    }
  }

  Program run() {
    for (Node& node : program_.nodes) {
      auto layer = convolution(node);
      if (!layer) layer = product(node);
      if (!layer) layer = batched_product(node);
      if (!layer) layer = biased(node);
      if (!layer) continue;
      layer->outputs = std::move(node.outputs);
      node = std::move(*layer);
    }
    remove_dead_code(program_);  // what turned weights would count as their reader
    return std::move(program_);
  }

 private:
  // Of weights alone: what a weight stored in int8 stands for.
  bool makes_weight(const Node& node) const {
    if (!is_one_of(node.op, {"aten::to", "aten::_to_copy", "aten::mul"})) return false;
    bool reads = false, known = true;
    for_each_use(node, [&](ValueId id) {
      reads = true;
      known = known && weights_.count(id) != 0;
    });
    return reads && known;
  }

  std::optional<Node> convolution(const Node& node) const {
    if (node.full_name() != "aten::convolution" || flag_of(node, "transposed", true)) {
      return std::nullopt;
    }
    const ValueId input = operand_of(node, "input");
    if (input == kNoValue || program_.value(input).shape.size() != 4) return std::nullopt;
    std::vector<Operand> operands;
    for (const char* name :
         {"input", "weight", "bias", "stride", "padding", "dilation", "groups"}) {
      operands.push_back({name, argument_of(node, name, None{})});
    }
    return make_node("aten::conv2d", operands);
  }

  std::optional<Node> product(const Node& node) const {
    const std::string name = node.full_name();
    const bool has_bias = name == "aten::addmm";
    if (!has_bias && name != "aten::mm" && name != "aten::matmul") return std::nullopt;
    if (number_of(node, "beta", 1) != 1 || number_of(node, "alpha", 1) != 1) return std::nullopt;
    const ValueId x = operand_of(node, has_bias ? "mat1" : "self");
    const ValueId weight = turned(operand_of(node, name == "aten::matmul" ? "other" : "mat2"));
    const ValueId bias = has_bias ? operand_of(node, "self") : kNoValue;
    if (x == kNoValue || weight == kNoValue) return std::nullopt;
    std::vector<Operand> operands = {{"input", ValueRef{x}}, {"weight", ValueRef{weight}}};
    if (has_bias) {
      if (bias == kNoValue || program_.value(bias).shape.size() != 1) return std::nullopt;
      if (program_.value(bias).shape[0] != program_.value(weight).shape[0]) return std::nullopt;
      operands.push_back({"bias", ValueRef{bias}});
    }
    return make_node("aten::linear", operands);
  }

  // A weight that is expanded for every sample of a batch, which bmm would copy.
  std::optional<Node> batched_product(const Node& node) const {
    if (node.full_name() != "aten::bmm") return std::nullopt;
    const ValueId x = operand_of(node, "self");
    const ValueId weight = turned(repeated(operand_of(node, "mat2")));
    if (x == kNoValue || weight == kNoValue) return std::nullopt;
    return make_node("aten::linear", {{"input", ValueRef{x}}, {"weight", ValueRef{weight}}});
  }

  // linear(x, weight) + bias, which nobody reads without the bias.
  std::optional<Node> biased(const Node& node) const {
    if (node.full_name() != "aten::add.Tensor" || number_of(node, "alpha", 1) != 1) {
      return std::nullopt;
    }
    ValueId product = operand_of(node, "self");
    const ValueId bias = operand_of(node, "other");
    if (product == kNoValue || weights_.count(bias) == 0) return std::nullopt;
    while (const Node* view = maker(product, is_view)) {
      const ValueId source = operand_of(*view, "self");
      if (uses_[product] != 1 || program_.value(source).shape != program_.value(product).shape) {
        break;
      }
      product = source;
    }
    const Node* linear = maker(product, [](const Node& of) { return of.op == "aten::linear"; });
    if (linear == nullptr || uses_[product] != 1 || operand_of(*linear, "bias") != kNoValue) {
      return std::nullopt;
    }
    const ValueId weight = operand_of(*linear, "weight");
    const Value &b = program_.value(bias), &w = program_.value(weight);
    if (w.shape.size() != 2 || b.shape.size() != 1 || b.shape[0] != w.shape[0] ||
        b.dtype != w.dtype) {
      return std::nullopt;
    }
    return make_node("aten::linear", {{"input", ValueRef{operand_of(*linear, "input")}},
                                      {"weight", ValueRef{weight}},
                                      {"bias", ValueRef{bias}}});
  }

  static bool is_view(const Node& node) {
    const std::string name = node.full_name();
    return name == "aten::view" || name == "aten::_unsafe_view" || name == "aten::reshape";
  }

  // The node that makes the value, if it is of that kind.
  template <class Kind>
  const Node* maker(ValueId value, Kind kind) const {
    if (value == kNoValue || made_by_[value] < 0) return nullptr;
    const Node& node = program_.nodes[made_by_[value]];
    return kind(node) ? &node : nullptr;
  }

  // The matrix that `value` repeats in front of its last two dimensions.
  ValueId repeated(ValueId value) const {
    const auto spreads = [](const Node& of) { return is_view(of) || of.op == "aten::expand"; };
    while (const Node* node = maker(value, spreads)) {
      const ValueId source = operand_of(*node, "self");
      if (source == kNoValue) return kNoValue;
      const std::vector<Dim>&from = program_.value(source).shape, &to = program_.value(value).shape;
      if (from.size() < 2 || to.size() < 2) return kNoValue;
      const bool keeps = std::equal(from.end() - 2, from.end(), to.end() - 2);
      if (!keeps || from.back().is_symbolic() || (from.end() - 2)->is_symbolic()) return kNoValue;
      value = source;
    }
    return value;
  }

  // The weight [O, K] that `value` is the transpose of.
  ValueId turned(ValueId value) const {
    if (value == kNoValue || made_by_[value] < 0) return kNoValue;
    const Node& node = program_.nodes[made_by_[value]];
    const ValueId weight = operand_of(node, "self");
    if (weights_.count(weight) == 0 || program_.value(weight).shape.size() != 2) return kNoValue;
    const auto dims = integers_of(node, "dims", {});
    const bool turns =
        node.op == "aten::t" ||
        (node.op == "aten::permute" && dims &&
         (*dims == std::vector<int64_t>{1, 0} || *dims == std::vector<int64_t>{-1, -2})) ||
        (node.full_name() == "aten::transpose.int" && crosses(node));
    return turns ? weight : kNoValue;
  }

  static bool crosses(const Node& node) {
    const int64_t a = integer_of(node, "dim0", 0), b = integer_of(node, "dim1", 0);
    return (a + 2) % 2 != (b + 2) % 2;
  }

  Program program_;
  std::vector<int64_t> made_by_, uses_;
  std::set<ValueId> weights_;
};

}  // namespace

Program recompose(Program program) { return Recomposer(std::move(program)).run(); }

}  // namespace maas
