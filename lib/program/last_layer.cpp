#include "program/last_layer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/throw_error.h"
#include "program/arguments.h"
#include "program/rewrite.h"

namespace maas {
namespace {

enum class Role { kLayer, kCopy, kSquash, kShape, kOther };

Role role_of(const Node& node) {
  static const std::map<std::string, Role> roles = [] {
    std::map<std::string, Role> table;
    const auto add = [&](Role role, std::initializer_list<const char*> names) {
      for (const char* name : names) table["aten::" + std::string(name)] = role;
    };
    add(Role::kLayer, {"linear", "addmm", "mm", "matmul", "conv2d", "convolution"});
    add(Role::kCopy, {"alias", "clone", "contiguous", "detach", "to", "_to_copy"});
    add(Role::kSquash, {"softmax", "_softmax", "log_softmax", "_log_softmax", "sigmoid", "mul",
                        "div", "add", "sub"});
    add(Role::kShape,
        {"flatten", "view", "reshape", "_unsafe_view", "squeeze", "mean", "adaptive_avg_pool2d",
         "_adaptive_avg_pool2d", "avg_pool2d", "relu", "dropout"});
    return table;
  }();
  const auto found = roles.find(node.op);
  return found == roles.end() ? Role::kOther : found->second;
}

class Search {
 public:
  Search(const Program& program, const std::string& where)
      : program_(program), where_(where), made_by_(producers(program)), uses_(count_uses(program)) {
    for (const GraphInput& input : program.inputs) {
      if (input.kind == GraphInput::Kind::kParameter) parameters_[input.value] = input.target;
      if (input.kind != GraphInput::Kind::kUser) stored_.insert(input.value);
    }
  }

  LastLayer run() {
    const std::vector<Dim> shape = program_.output_shape();
    const bool rows = shape.size() == 1 || (shape.size() == 2 && !shape[1].is_symbolic());
    if (!rows) refuse("gives " + to_text(shape), "[batch, outputs]");
    found_.outputs = shape.size() == 1 ? 1 : shape[1].size;
    const auto* first = std::get_if<ValueRef>(&program_.user_outputs().at(0)->value);
    if (first == nullptr) refuse("gives no tensor", "[batch, outputs]");
    ValueId value = first->id;
    while (value != kNoValue) value = step(value);
    return std::move(found_);
  }

 private:
  // What the node behind `value` reads; kNoValue at the layer.
  ValueId step(ValueId value) {
    if (made_by_[value] < 0) refuse("gives an input or a weight as it is", kExpected);
    const auto index = static_cast<size_t>(made_by_[value]);
    const Node& node = program_.nodes[index];
    if (uses_[value] != 1) {
      refuse(
          fmt::format("ends in {}, whose result is read {} times", node.full_name(), uses_[value]),
          "a last layer that the output alone reads");
    }
    switch (role_of(node)) {
      case Role::kLayer:
        take_layer(index);
        return kNoValue;
      case Role::kCopy:
        return operand_of(node, "self");
      case Role::kSquash:
        return squash(node, index);
      case Role::kShape:
        found_.shapes.push_back(index);
        return operand_of(node, node.op == "aten::dropout" ? "input" : "self");
      case Role::kOther:
        break;
    }
    refuse(fmt::format("makes its output by {}", node.full_name()), kExpected);
  }

  // Arithmetic with numbers or stored tensors; a parameter that is added is the layer's bias.
  ValueId squash(const Node& node, size_t index) {
    const ValueId self = operand_of(node, "self"), other = operand_of(node, "other");
    if (stored_.contains(self) || (other != kNoValue && !stored_.contains(other))) {
      refuse(fmt::format("makes its output by {} of two layers", node.full_name()), kExpected);
    }
    if (const auto bias = parameters_.find(other); bias != parameters_.end()) {
      if (node.op != "aten::add" || !found_.bias.empty()) {
        refuse(fmt::format("has the parameter '{}' in {} behind its last layer", bias->second,
                           node.full_name()),
               kExpected);
      }
      found_.bias = parameter(other, "bias");
      return self;
    }
    found_.squashes.push_back(index);
    return self;
  }

  void take_layer(size_t index) {
    const Node& node = program_.nodes[index];
    found_.node = index;
    const bool convolves = node.op == "aten::conv2d" || node.op == "aten::convolution";
    const std::string given = node.op == "aten::matmul"                           ? "other"
                              : node.op == "aten::mm" || node.op == "aten::addmm" ? "mat2"
                                                                                  : "weight";
    ValueId weight = operand_of(node, given);
    if (given != "weight") weight = turned(weight, node);
    found_.weight = parameter(weight, "weight");
    const ValueId bias = operand_of(node, node.op == "aten::addmm" ? "self" : "bias");
    if (bias != kNoValue) found_.bias = parameter(bias, "bias");
    const std::vector<Dim>& sizes = program_.value(weight).shape;
    const bool one_place = sizes.size() == 4 && sizes[2].size == 1 && sizes[3].size == 1;
    const bool fits = convolves ? one_place && integer_of(node, "groups", 1) == 1 &&
                                      !flag_of(node, "transposed", false)
                                : sizes.size() == 2;
    if (fits && sizes[0].size == found_.outputs) return;
    refuse(fmt::format("has '{}' of {} as its last layer and gives {}", found_.weight,
                       to_text(sizes), to_text(program_.output_shape())),
           "a linear layer, or a 1x1 convolution, with a row for each output");
  }

  // The weight that the graph turns for a product.
  ValueId turned(ValueId value, const Node& product) {
    const int64_t maker = value == kNoValue ? -1 : made_by_[value];
    if (maker >= 0) {
      const Node& turn = program_.nodes[static_cast<size_t>(maker)];
      const bool turns =
          turn.op == "aten::t" || turn.op == "aten::transpose" || turn.op == "aten::permute";
      if (turns && uses_[value] == 1) return operand_of(turn, "self");
    }
    refuse(fmt::format("makes its output by {} of two layers", product.full_name()), kExpected);
  }

  std::string parameter(ValueId value, const std::string& what) {
    const auto found = parameters_.find(value);
    if (found == parameters_.end()) {
      refuse(fmt::format("has a last layer whose {} is no parameter", what),
             "one that training can change",
             "take the network as it was before it was quantized or its layers were merged");
    }
    if (uses_[value] == 1) return found->second;
    refuse(fmt::format("shares '{}' of its last layer with another", found->second),
           "a last layer of its own", "untie it before the network is exported");
  }

  [[noreturn]] void refuse(const std::string& what, const std::string& expected,
                           const std::string& fix = "") const {
    throw_usage(where_, what, expected,
                fix.empty() ? "export the network so that it ends in such a layer, or leave "
                              "model.head and 'backbone' out"
                            : fix);
  }

  static constexpr const char* kExpected =
      "a linear layer, or a 1x1 convolution, behind which only pooling, reshaping, a softmax or a "
      "sigmoid stands";

  const Program& program_;
  const std::string& where_;
  std::vector<int64_t> made_by_, uses_;
  std::map<ValueId, std::string> parameters_;
  std::set<ValueId> stored_;
  LastLayer found_;
};

}  // namespace

std::vector<std::string> LastLayer::parameters() const {
  return bias.empty() ? std::vector<std::string>{weight} : std::vector<std::string>{weight, bias};
}

LastLayer find_last_layer(const Program& program, const std::string& where) {
  if (program.user_outputs().empty()) {
    throw_usage(where, "gives nothing", "[batch, outputs]", "export a network with an output");
  }
  return Search(program, where).run();
}

}  // namespace maas
