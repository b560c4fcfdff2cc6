// Each rule emits the parts in place of the node and says which value takes the place of its first
// result. The formulas are those of ATen's own composite kernels, so that numbers do not move.
#include "autodiff/expand.h"

#include <map>
#include <optional>

#include "program/arguments.h"
#include "program/emit.h"
#include "program/rewrite.h"

namespace maas {
namespace {

class Expander {
 public:
  explicit Expander(Program program) : program_(std::move(program)) {}

  Program run() {
    std::vector<Node> before = std::move(program_.nodes);
    program_.nodes.clear();
    std::map<ValueId, ValueId> renamed;
    const auto now = [&](ValueId id) {
      const auto found = renamed.find(id);
      return found == renamed.end() ? id : found->second;
    };
    for (Node& node : before) {
      rename_uses(node, now);
      const auto rule = rules().find(node.full_name());
      const auto made = rule == rules().end() ? std::nullopt : (this->*rule->second)(node);
      if (made) {
        renamed[node.outputs[0].ids[0]] = *made;
      } else {
        program_.nodes.push_back(std::move(node));
      }
    }
    for (GraphOutput& output : program_.outputs) rename_uses(output.value, now);
    return std::move(program_);
  }

  using Rule = std::optional<ValueId> (Expander::*)(const Node&);

  static const std::map<std::string, Rule>& rules() {
    static const std::map<std::string, Rule> table = {
        {"aten::linear", &Expander::linear},
        {"aten::dropout", &Expander::dropout},
        {"aten::batch_norm", &Expander::batch_norm},
        {"aten::layer_norm", &Expander::layer_norm},
        {"aten::max_pool2d", &Expander::max_pool2d},
        {"aten::cross_entropy_loss", &Expander::cross_entropy},
        {"aten::l1_loss", &Expander::l1_loss},
        {"aten::scaled_dot_product_attention", &Expander::attention},
    };
    return table;
  }

 private:
  // Emits a node with `count` results; the first is said to be like `like`.
  std::vector<ValueId> many(const std::string& op, const std::vector<Operand>& operands,
                            size_t count, ValueId like) {
    Node node = make_node(op, operands);
    const std::string stem = node.op.substr(node.op.find("::") + 2);
    std::vector<ValueId> results;
    for (size_t i = 0; i < count; ++i) {
      results.push_back(add_result(program_, node, stem, i == 0 ? like : kNoValue));
    }
    program_.nodes.push_back(std::move(node));
    return results;
  }
  ValueId one(const std::string& op, const std::vector<Operand>& operands, ValueId like) {
    return many(op, operands, 1, like)[0];
  }
  static ValueId result_of(const Node& node) { return node.outputs[0].ids[0]; }
  size_t rank(ValueId id) const { return program_.value(id).shape.size(); }

  std::optional<ValueId> linear(const Node& node) {
    const ValueId x = operand_of(node, "input"), weight = operand_of(node, "weight");
    const ValueId bias = operand_of(node, "bias");
    if (x == kNoValue || weight == kNoValue || rank(x) != 2 || rank(weight) != 2) return {};
    const ValueId transposed = one("aten::t", {{"self", ValueRef{weight}}}, weight);
    program_.value(transposed).shape = {program_.value(weight).shape[1],
                                        program_.value(weight).shape[0]};
    if (bias == kNoValue) {
      return one("aten::mm", {{"self", ValueRef{x}}, {"mat2", ValueRef{transposed}}},
                 result_of(node));
    }
    return one("aten::addmm",
               {{"self", ValueRef{bias}}, {"mat1", ValueRef{x}}, {"mat2", ValueRef{transposed}}},
               result_of(node));
  }

  std::optional<ValueId> dropout(const Node& node) {
    const ValueId x = operand_of(node, "input");
    if (x == kNoValue || !flag_of(node, "train", false)) return x;
    return many("aten::native_dropout",
                {{"input", ValueRef{x}}, {"p", number_of(node, "p", 0.5)}, {"train", true}}, 2,
                result_of(node))[0];
  }

  std::optional<ValueId> batch_norm(const Node& node) {
    const ValueId x = operand_of(node, "input");
    if (x == kNoValue || rank(x) < 2) return {};
    std::vector<Operand> operands;
    for (const char* name : {"input", "weight", "bias", "running_mean", "running_var", "training",
                             "momentum", "eps"}) {
      operands.push_back({name, argument_of(node, name, None{})});
    }
    return many("aten::native_batch_norm", operands, 3, result_of(node))[0];
  }

  std::optional<ValueId> layer_norm(const Node& node) {
    if (!integers_of(node, "normalized_shape", {})) return {};
    return many("aten::native_layer_norm",
                {{"input", argument_of(node, "input", None{})},
                 {"normalized_shape", argument_of(node, "normalized_shape", None{})},
                 {"weight", argument_of(node, "weight", None{})},
                 {"bias", argument_of(node, "bias", None{})},
                 {"eps", number_of(node, "eps", 1e-5)}},
                3, result_of(node))[0];
  }

  std::optional<ValueId> max_pool2d(const Node& node) {
    Node pooled = node;
    pooled.op = "aten::max_pool2d_with_indices";
    pooled.outputs.clear();
    const ValueId result = add_result(program_, pooled, "max_pool2d", result_of(node));
    add_result(program_, pooled, "indices");
    program_.nodes.push_back(std::move(pooled));
    return result;
  }

  // The flash kernel, where scaled_dot_product_attention takes it too: equal heads, no dropout.
  std::optional<ValueId> attention(const Node& node) {
    const ValueId query = operand_of(node, "query"), key = operand_of(node, "key");
    if (rank(query) != 4 || number_of(node, "dropout_p", 0) != 0 ||
        operand_of(node, "attn_mask") != kNoValue || flag_of(node, "enable_gqa", false) ||
        program_.value(query).shape[1] != program_.value(key).shape[1]) {
      return {};
    }
    return many("aten::_scaled_dot_product_flash_attention_for_cpu",
                {{"query", ValueRef{query}},
                 {"key", ValueRef{key}},
                 {"value", argument_of(node, "value", None{})},
                 {"dropout_p", 0.0},
                 {"is_causal", flag_of(node, "is_causal", false)},
                 {"attn_mask", None{}},
                 {"scale", argument_of(node, "scale", None{})}},
                2, result_of(node))[0];
  }

  std::optional<ValueId> l1_loss(const Node& node) {
    const ValueId x = operand_of(node, "self");
    if (x == kNoValue || integer_of(node, "reduction", 1) != 1) return {};
    const ValueId difference = one(
        "aten::sub.Tensor", {{"self", ValueRef{x}}, {"other", argument_of(node, "target", {})}}, x);
    const ValueId size = one("aten::abs", {{"self", ValueRef{difference}}}, x);
    return one("aten::mean", {{"self", ValueRef{size}}}, result_of(node));
  }

  // nll = nll_loss(log_softmax(x)); smoothing s adds the mean loss over all classes:
  // (1 - s) nll + s / C * sum_c(-w_c log p_c) / (sum of the targets' weights).
  std::optional<ValueId> cross_entropy(const Node& node) {
    const ValueId x = operand_of(node, "self"), target = operand_of(node, "target");
    const ValueId weight = operand_of(node, "weight");
    const double smoothing = number_of(node, "label_smoothing", 0);
    if (x == kNoValue || target == kNoValue || rank(x) != 2 || rank(target) != 1 ||
        integer_of(node, "reduction", 1) != 1 || program_.value(x).shape[1].is_symbolic()) {
      return {};
    }
    const auto classes = static_cast<double>(program_.value(x).shape[1].size);
    const ValueId loss = result_of(node);
    const ValueId log_p =
        one("aten::_log_softmax",
            {{"self", ValueRef{x}}, {"dim", int64_t{1}}, {"half_to_float", false}}, x);
    const auto nll = many("aten::nll_loss_forward",
                          {{"self", ValueRef{log_p}},
                           {"target", ValueRef{target}},
                           {"weight", argument_of(node, "weight", None{})},
                           {"reduction", int64_t{1}},
                           {"ignore_index", integer_of(node, "ignore_index", -100)}},
                          2, loss);
    if (smoothing == 0) return nll[0];
    program_.value(nll[1]).dtype = program_.value(loss).dtype;
    ValueId weighted = log_p;
    if (weight != kNoValue) {
      weighted =
          one("aten::mul.Tensor", {{"self", ValueRef{log_p}}, {"other", ValueRef{weight}}}, log_p);
    }
    const ValueId sum = one("aten::sum", {{"self", ValueRef{weighted}}}, loss);
    const ValueId mean =
        one("aten::div.Tensor", {{"self", ValueRef{sum}}, {"other", ValueRef{nll[1]}}}, loss);
    const ValueId spread =
        one("aten::mul.Scalar", {{"self", ValueRef{mean}}, {"other", -smoothing / classes}}, loss);
    const ValueId sharp =
        one("aten::mul.Scalar", {{"self", ValueRef{nll[0]}}, {"other", 1 - smoothing}}, loss);
    return one("aten::add.Tensor", {{"self", ValueRef{sharp}}, {"other", ValueRef{spread}}}, loss);
  }

  Program program_;
};

}  // namespace

Program expand_composites(Program program) { return Expander(std::move(program)).run(); }

const std::vector<std::string>& expanded_operators() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& [name, rule] : Expander::rules()) all.push_back(name);
    return all;
  }();
  return names;
}

}  // namespace maas
