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

namespace maas {
namespace {

constexpr const char* kConvolution = "mkldnn::_convolution_pointwise";

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
                                              kConvolution};
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
    const bool sums = c10::Dispatcher::singleton().findSchema({kConvolution, "binary"}).has_value();
    for (size_t i = 0; i < r_.size(); ++i) {
      const std::string name = r_.node(i).full_name();
      if (name == kConvolution) {
        const size_t place = sums ? take_sum(i) : i;
        take_relu(place);
      } else if (name == "aten::addmm") {
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
    if (node.op == kConvolution && possible_nan_[result_of(index)]) return;  // ReLU would hide it
    if (node.op == "aten::addmm") {
      if (node.find("beta") != nullptr || node.find("alpha") != nullptr) return;
      node.op = "aten::_addmm_activation";
    } else {
      node.set(node.overload == "binary" ? "unary_attr" : "attr", std::string("relu"));
    }
    node.outputs = r_.node(*reader).outputs;
    r_.remove(*reader);
  }

  // Puts the convolution in the place of the sum, where the other operand is there too; says where.
  size_t take_sum(size_t index) {
    const auto reader = r_.only_reader(result_of(index));
    if (!reader || r_.node(*reader).full_name() != "aten::add.Tensor") return index;
    const Node& sum = r_.node(*reader);
    const ValueId left = operand_of(sum, "self"), right = operand_of(sum, "other");
    if (sum.find("alpha") != nullptr || left == right || left == kNoValue || right == kNoValue) {
      return index;
    }
    const ValueId own = result_of(index), other = left == own ? right : left;
    const Value &a = r_.program().value(own), &b = r_.program().value(other);
    if (a.shape != b.shape || a.dtype != b.dtype) return index;
    Node fused = r_.node(index);
    fused.overload = "binary";
    fused.arguments.resize(7);  // up to groups
    fused.arguments.insert(fused.arguments.begin() + 1, {"other", ValueRef{other}, false});
    for (const auto& [name, value] : std::initializer_list<std::pair<const char*, Argument>>{
             {"binary_attr", std::string("add")},
             {"alpha", None{}},
             {"unary_attr", None{}},
             {"unary_scalars", IntList{}},
             {"unary_algorithm", None{}}}) {
      fused.arguments.push_back({name, value, false});
    }
    fused.outputs = sum.outputs;
    r_.node(*reader) = std::move(fused);
    r_.remove(index);
    return *reader;
  }

  const std::vector<bool> possible_nan_;
  Rewriter r_;
};

}  // namespace

bool has_fused_relu(const Node& node) {
  if (node.op != kConvolution) return false;
  const Argument* attribute = node.find(node.overload == "binary" ? "unary_attr" : "attr");
  const auto* name = attribute == nullptr ? nullptr : std::get_if<std::string>(attribute);
  return name != nullptr && *name == "relu";
}

Program fuse_pointwise(Program program) { return Fuser(std::move(program)).run(); }

}  // namespace maas
