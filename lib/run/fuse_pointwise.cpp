#include "run/fuse_pointwise.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/isfinite.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "call/rewriter.h"
#include "program/arguments.h"
#include "program/operator_facts.h"
#include "program/rewrite.h"
#include "run/lower/activation.h"
#include "run/lower/convolution_window.h"
#include "run/lower/depthwise_convolution.h"
#include "run/lower/packed_convolution.h"
#include "run/lower/packed_linear.h"

namespace maas {
namespace {

constexpr const char* kLinear = "mkldnn::_linear_pointwise";

bool is_onednn(const Node& node) { return node.op == kOnednnConvolution || node.op == kLinear; }

bool is_own(const Node& node) {
  return node.op == kPackedLinear || node.op == kPackedConvolution ||
         node.op == kDepthwiseConvolution;
}

// An activation as oneDNN's operators take it: `attr`, `scalars`, `algorithm`.
struct OnednnActivation {
  std::string name;
  std::vector<double> scalars = {};
  Argument algorithm = None{};
};

// Those that oneDNN computes as libtorch does, on numbers.
std::optional<OnednnActivation> fused_activation(const Node& node) {
  static const std::map<std::string, std::string> kPlain = {
      {"aten::relu", "relu"},  {"aten::sigmoid", "sigmoid"},
      {"aten::tanh", "tanh"},  {"aten::hardswish", "hardswish"},
      {"aten::silu", "swish"}, {"aten::hardsigmoid", "hardsigmoid"}};
  const std::string name = node.full_name();
  if (const auto plain = kPlain.find(name); plain != kPlain.end()) return {{plain->second}};
  if (name == "aten::relu6") return {{"hardtanh", {0, 6}}};
  if (name == "aten::hardtanh") {
    return {{"hardtanh", {number_of(node, "min_val", -1), number_of(node, "max_val", 1)}}};
  }
  if (name == "aten::leaky_relu")
    return {{"leaky_relu", {number_of(node, "negative_slope", 0.01)}}};
  if (name == "aten::gelu") {
    const Argument form = argument_of(node, "approximate", std::string("none"));
    return {{"gelu", {}, form}};
  }
  return std::nullopt;
}

// Operators that make NaN of no finite numbers, but where they overflow. Views are some, too.
bool makes_no_nan(const std::string& op) {
  static const std::set<std::string> kSafe = {"aten::_addmm_activation",
                                              "aten::_native_batch_norm_legit_no_training",
                                              "aten::_to_copy",
                                              "aten::adaptive_avg_pool2d",
                                              "aten::add",
                                              "aten::addcmul",
                                              "aten::addmm",
                                              "aten::avg_pool2d",
                                              "aten::batch_norm",
                                              "aten::bmm",
                                              "aten::cat",
                                              "aten::clamp",
                                              "aten::clone",
                                              "aten::constant_pad_nd",
                                              "aten::contiguous",
                                              "aten::conv1d",
                                              "aten::conv2d",
                                              "aten::dropout",
                                              "aten::elu",
                                              "aten::gelu",
                                              "aten::group_norm",
                                              "aten::hardsigmoid",
                                              "aten::hardswish",
                                              "aten::hardtanh",
                                              "aten::layer_norm",
                                              "aten::leaky_relu",
                                              "aten::linear",
                                              "aten::matmul",
                                              "aten::max_pool2d",
                                              "aten::mean",
                                              "aten::mm",
                                              "aten::mul",
                                              "aten::neg",
                                              "aten::pad",
                                              "aten::prelu",
                                              "aten::relu",
                                              "aten::relu6",
                                              "aten::sigmoid",
                                              "aten::silu",
                                              "aten::softmax",
                                              "aten::sub",
                                              "aten::sum",
                                              "aten::tanh",
                                              "aten::to",
                                              "aten::upsample_bilinear2d",
                                              "aten::upsample_nearest2d",
                                              kOnednnConvolution,
                                              kDepthwiseConvolution,
                                              kPackedConvolution,
                                              kPackedLinear,
                                              kLinear};
  const OperatorFacts* facts = facts_of(op);
  return kSafe.count(op) != 0 || (facts != nullptr && facts->view);
}

// Which values can be NaN although the inputs are finite, and nothing overflows.
std::vector<bool> possible_nans(const Program& program) {
  const std::map<ValueId, at::Tensor> weights = tensors_by_value(program);
  std::vector<bool> possible(program.values.size(), false);
  for (const auto& [value, tensor] : weights) {
    // The packed ones were looked at when they were packed.
    if (tensor.layout() != at::kStrided || !tensor.is_floating_point()) continue;
    possible[value] = !at::isfinite(tensor).all().item<bool>();
  }
  const auto divides_by_numbers = [&](const Node& node) {
    if (node.op != "aten::div") return false;
    const auto divisor = weights.find(operand_of(node, "other"));
    return divisor == weights.end() ? number_of(node, "other", 0) != 0
                                    : divisor->second.ne(0).all().item<bool>();
  };
  for (const Node& node : program.nodes) {
    bool is_possible = !makes_no_nan(node.op) && !divides_by_numbers(node);
    for_each_use(node, [&](ValueId id) { is_possible = is_possible || possible[id]; });
    for_each_result(node, [&](ValueId id) { possible[id] = is_possible; });
  }
  return possible;
}

class Fuser {
 public:
  explicit Fuser(Program program)
      : possible_nan_(possible_nans(program)), r_(std::move(program), "fuse-pointwise") {}

  Program run() {
    for (size_t i = 0; i < r_.size(); ++i) {
      if (is_onednn(r_.node(i))) {
        take_activation(take_sum(i));
      } else if (is_own(r_.node(i))) {
        take_both(i);
      } else if (r_.node(i).full_name() == "aten::addmm") {
        take_relu(i);
      }
    }
    return r_.finish();
  }

 private:
  ValueId result_of(size_t index) const { return r_.node(index).outputs.at(0).ids.at(0); }

  void take_relu(size_t index) {
    const auto reader = r_.only_reader(result_of(index));
    if (!reader || r_.node(*reader).full_name() != "aten::relu") return;
    Node& node = r_.node(index);
    if (node.find("beta") != nullptr || node.find("alpha") != nullptr) return;
    node.op = "aten::_addmm_activation";
    become(node, *reader);
  }

  void take_activation(size_t index) {
    const auto reader = r_.only_reader(result_of(index));
    const auto activation = reader ? fused_activation(r_.node(*reader)) : std::nullopt;
    Node& node = r_.node(index);
    if (!activation || possible_nan_[result_of(index)]) return;  // it would hide it
    const bool is_sum = node.overload == "binary";
    if (is_sum && (node.op == kLinear || activation->name != "relu")) return;  // takes no other
    const std::string prefix = is_sum ? "unary_" : "";
    node.set(prefix + "attr", activation->name);
    node.set(prefix + "scalars", activation->scalars);
    node.set(prefix + "algorithm", activation->algorithm);
    become(node, *reader);
  }

  // Of our own: the sum, then the activation. A layer that has moved behind is seen again.
  void take_both(size_t index) {
    const Node& before = r_.node(index);
    if (*before.find("activation") != Argument(std::string("none"))) return;
    const auto sum = operand_of(before, "other") == kNoValue ? sum_behind(index) : std::nullopt;
    if (sum) {
      Node fused = r_.node(index);
      fused.set("other", ValueRef{sum->other});
      index = put_in_place(index, sum->node, std::move(fused));
    }
    const auto reader = r_.only_reader(result_of(index));
    const auto activation = reader ? activation_name(r_.node(*reader)) : std::nullopt;
    if (!activation) return;
    r_.node(index).set("activation", *activation);
    become(r_.node(index), *reader);
  }

  void become(Node& node, size_t reader) {
    node.outputs = r_.node(reader).outputs;
    r_.remove(reader);
  }

  // Puts the layer in the place of the sum, where the other operand is there too; says where.
  size_t take_sum(size_t index) {
    if (r_.node(index).overload == "binary" || !has_sum(r_.node(index).op)) return index;
    const auto sum = sum_behind(index);
    return sum ? put_in_place(index, sum->node, with_sum(r_.node(index), sum->other)) : index;
  }

  struct Sum {
    size_t node = 0;
    ValueId other = kNoValue;
  };

  // The only reader, where it adds something of the same shape.
  std::optional<Sum> sum_behind(size_t index) const {
    const auto reader = r_.only_reader(result_of(index));
    if (!reader || r_.node(*reader).full_name() != "aten::add.Tensor") return std::nullopt;
    const Node& sum = r_.node(*reader);
    const ValueId left = operand_of(sum, "self"), right = operand_of(sum, "other");
    if (sum.find("alpha") != nullptr || left == right || left == kNoValue || right == kNoValue) {
      return std::nullopt;
    }
    const ValueId own = result_of(index), other = left == own ? right : left;
    const Value &a = r_.program().value(own), &b = r_.program().value(other);
    if (a.shape != b.shape || a.dtype != b.dtype) return std::nullopt;
    return Sum{*reader, other};
  }

  size_t put_in_place(size_t index, size_t sum, Node fused) {
    fused.outputs = r_.node(sum).outputs;
    r_.node(sum) = std::move(fused);
    r_.remove(index);
    return sum;
  }

  static bool has_sum(const std::string& op) {
    return c10::Dispatcher::singleton().findSchema({op, "binary"}).has_value();
  }

  static Node with_sum(Node layer, ValueId other) {
    const bool is_convolution = layer.op == kOnednnConvolution;
    layer.overload = "binary";
    layer.arguments.resize(is_convolution ? 7 : 3);  // up to groups; up to B
    layer.arguments.insert(layer.arguments.begin() + 1, {"other", ValueRef{other}, false});
    if (!is_convolution) {
      layer.arguments.push_back({"attr", std::string("add"), false});
      return layer;
    }
    for (const auto& [name, value] : std::initializer_list<std::pair<const char*, Argument>>{
             {"binary_attr", std::string("add")},
             {"alpha", None{}},
             {"unary_attr", None{}},
             {"unary_scalars", IntList{}},
             {"unary_algorithm", None{}}}) {
      layer.arguments.push_back({name, value, false});
    }
    return layer;
  }

  const std::vector<bool> possible_nan_;
  Rewriter r_;
};

}  // namespace

bool has_fused_activation(const Node& node) {
  if (!is_onednn(node)) return false;
  const bool is_sum = node.overload == "binary";
  if (is_sum && node.op == kLinear) return false;
  const Argument* attribute = node.find(is_sum ? "unary_attr" : "attr");
  const auto* name = attribute == nullptr ? nullptr : std::get_if<std::string>(attribute);
  return name != nullptr && *name != "none";
}

Program fuse_pointwise(Program program) { return Fuser(std::move(program)).run(); }

}  // namespace maas
