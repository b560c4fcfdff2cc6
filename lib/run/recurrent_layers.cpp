#include "run/recurrent_layers.h"

#include <ATen/core/grad_mode.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "program/arguments.h"
#include "program/emit.h"
#include "program/rewrite.h"
#include "run/lower/recurrent_operator.h"
#include "run/lower/recurrent_step.h"
#include "run/lower/unrolled_layers.h"

namespace maas {
namespace {

struct Cell {
  const char* name;  // as maas::recurrent takes it
  int64_t gates;
};

const std::map<std::string, Cell>& cells() {
  static const std::map<std::string, Cell> cells = {{"aten::lstm.input", {"lstm", 4}},
                                                    {"aten::gru.input", {"gru", 3}},
                                                    {"aten::rnn_tanh.input", {"tanh", 1}},
                                                    {"aten::rnn_relu.input", {"relu", 1}}};
  return cells;
}

// A recurrent layer of libtorch as its arguments tell it.
struct Stack {
  std::string cell;
  int64_t gates = 1;
  ValueId input = kNoValue;
  ValueId hidden = kNoValue, carry = kNoValue;  // [layers x directions, rows, width]
  std::vector<ValueId> weights;                 // a layer and direction after the other
  bool has_biases = true, bidirectional = false, batch_first = false;
  int64_t layers = 1;

  int64_t directions() const { return bidirectional ? 2 : 1; }
};

class Expander {
 public:
  explicit Expander(Program program) : program_(std::move(program)) {}

  Program run() {
    tensors_ = tensors_by_value(program_);
    made_by_ = producers(program_);
    nodes_ = std::move(program_.nodes);
    program_.nodes.clear();
    for (const Node& node : nodes_) {
      if (const auto stack = stack_of(node)) {
        expand(*stack, node);
      } else {
        program_.nodes.push_back(node);
      }
    }
    for (const auto& [from, to] : replaced_) replace_value(program_, from, to);
    return std::move(program_);
  }

 private:
  std::optional<Stack> stack_of(const Node& node) const {
    const auto cell = cells().find(node.full_name());
    if (cell == cells().end()) return std::nullopt;
    if (flag_of(node, "train", true) && number_of(node, "dropout", 1) != 0) return std::nullopt;
    Stack stack;
    stack.cell = cell->second.name;
    stack.gates = cell->second.gates;
    stack.input = operand_of(node, "input");
    if (const auto* states = list_of(node, "hx")) {
      if (states->size() != 2) return std::nullopt;
      stack.hidden = states->at(0);
      stack.carry = states->at(1);
    } else {
      stack.hidden = operand_of(node, "hx");
    }
    if (const auto* weights = list_of(node, "params")) stack.weights = *weights;
    stack.has_biases = flag_of(node, "has_biases", true);
    stack.bidirectional = flag_of(node, "bidirectional", false);
    stack.batch_first = flag_of(node, "batch_first", false);
    stack.layers = integer_of(node, "num_layers", 0);
    return is_known(stack) ? std::optional(stack) : std::nullopt;
  }

  static const std::vector<ValueId>* list_of(const Node& node, const std::string& name) {
    const Argument* given = node.find(name);
    const auto* list = given == nullptr ? nullptr : std::get_if<ValueList>(given);
    return list == nullptr ? nullptr : &list->ids;
  }

  bool is_known(const Stack& stack) const {
    const size_t each = stack.has_biases ? 4 : 2;  // with a projection there is one more
    const auto count = static_cast<size_t>(stack.layers * stack.directions()) * each;
    if (stack.layers < 1 || stack.weights.size() != count) return false;
    const auto first = tensors_.find(stack.weights[1]);
    if (first == tensors_.end() || first->second.dim() != 2) return false;
    const int64_t width = first->second.size(1);
    for (size_t i = 0; i < count; ++i) {
      if (!is_whole(stack.weights[i], i % each, stack.gates * width, width)) return false;
    }
    return width > 0 && has_states(stack, width);
  }

  // A weight of its own size: libtorch would stretch smaller ones. `place` 0 and 1 are of the input
  // and the state, 2 and 3 their biases.
  bool is_whole(ValueId weight, size_t place, int64_t columns, int64_t width) const {
    const auto found = tensors_.find(weight);
    if (found == tensors_.end() || found->second.scalar_type() != at::kFloat) return false;
    const at::IntArrayRef sizes = found->second.sizes();
    if (sizes.size() != (place < 2 ? 2U : 1U) || sizes[0] != columns) return false;
    return place != 1 || sizes[1] == width;
  }

  bool has_states(const Stack& stack, int64_t width) const {
    if (stack.input == kNoValue) return false;
    const Value& input = program_.value(stack.input);
    if (input.shape.size() != 3 || input.dtype != at::kFloat) return false;
    const std::vector<Dim> shape = {Dim(stack.layers * stack.directions()),
                                    input.shape[stack.batch_first ? 0 : 1], Dim(width)};
    const auto fits = [&](ValueId state) {
      return state != kNoValue && program_.value(state).dtype == at::kFloat &&
             program_.value(state).shape == shape;
    };
    return fits(stack.hidden) && (stack.cell != "lstm" || fits(stack.carry));
  }

  void expand(const Stack& stack, const Node& node) {
    ValueId input = stack.input;
    std::vector<ValueId> hidden, carry;
    for (int64_t layer = 0; layer < stack.layers; ++layer) {
      std::vector<ValueId> states;
      for (int64_t direction = 0; direction < stack.directions(); ++direction) {
        const int64_t index = layer * stack.directions() + direction;
        const RecurrentNode made = one_direction(stack, input, index);
        hidden.push_back(made.hidden);
        carry.push_back(made.carry);
        states.push_back(stack.batch_first ? turned(made.states) : made.states);
      }
      input = states.size() == 1 ? states[0] : joined("aten::cat", states, -1);
    }
    replace(node, 0, input);
    replace(node, 1, joined("aten::stack", hidden, 0));
    if (stack.cell == "lstm") replace(node, 2, joined("aten::stack", carry, 0));
  }

  RecurrentNode one_direction(const Stack& stack, ValueId input, int64_t index) {
    const size_t each = stack.has_biases ? 4 : 2;
    const ValueId* weights = stack.weights.data() + static_cast<size_t>(index) * each;
    const at::Tensor& weight_hh = tensors_.at(weights[1]);
    Node linear =
        make_node("aten::linear", {{"input", ValueRef{input}}, {"weight", ValueRef{weights[0]}}});
    if (stack.has_biases) linear.set("bias", ValueRef{weights[2]});
    ValueId gates = add_result(program_, linear, "gates", input);
    program_.value(gates).shape.back() = Dim(weight_hh.size(0));
    program_.nodes.push_back(std::move(linear));
    if (stack.batch_first) gates = turned(gates);
    RecurrentCall call{.cell = stack.cell,
                       .gates = gates,
                       .weight_hh = weight_hh,
                       .bias = stack.has_biases ? weights[3] : kNoValue,
                       .hidden = first_state(stack.hidden, index),
                       .carry = first_state(stack.carry, index),
                       .reverse = stack.bidirectional && index % 2 == 1};
    RecurrentNode made = recurrent_node(program_, call);
    program_.nodes.push_back(made.node);
    return made;
  }

  // What [layers x directions, rows, width] holds at `index`; kNoValue where all is zero.
  ValueId first_state(ValueId states, int64_t index) {
    if (states == kNoValue) return kNoValue;
    const int64_t maker = made_by_[states];
    if (maker >= 0 && is_zeros(nodes_[static_cast<size_t>(maker)])) return kNoValue;
    Node select = make_node("aten::select.int",
                            {{"self", ValueRef{states}}, {"dim", int64_t{0}}, {"index", index}});
    const ValueId state = add_result(program_, select, "first_state", states);
    std::vector<Dim>& shape = program_.value(state).shape;
    if (!shape.empty()) shape.erase(shape.begin());
    program_.nodes.push_back(std::move(select));
    return state;
  }

  ValueId turned(ValueId value) {
    Node node = make_node("aten::transpose.int",
                          {{"self", ValueRef{value}}, {"dim0", int64_t{0}}, {"dim1", int64_t{1}}});
    const ValueId made = add_result(program_, node, "turned", value);
    std::vector<Dim>& shape = program_.value(made).shape;
    std::swap(shape[0], shape[1]);
    program_.nodes.push_back(std::move(node));
    return made;
  }

  // aten::cat along the last dimension, or aten::stack along a new first one.
  ValueId joined(const std::string& op, const std::vector<ValueId>& parts, int64_t dim) {
    Node node = make_node(op, {{"tensors", ValueList{parts}}, {"dim", dim}});
    const ValueId made = add_result(program_, node, "joined", parts[0]);
    std::vector<Dim>& shape = program_.value(made).shape;
    const auto count = static_cast<int64_t>(parts.size());
    if (op == "aten::stack") {
      shape.insert(shape.begin(), Dim(count));
    } else {
      shape.back() = Dim(shape.back().size * count);
    }
    program_.nodes.push_back(std::move(node));
    return made;
  }

  void replace(const Node& node, size_t output, ValueId by) {
    if (output < node.outputs.size() && !node.outputs[output].ids.empty() &&
        node.outputs[output].ids[0] != kNoValue) {
      replaced_[node.outputs[output].ids[0]] = by;
    }
  }

  Program program_;
  std::vector<Node> nodes_;  // as they were
  std::map<ValueId, at::Tensor> tensors_;
  std::vector<int64_t> made_by_;
  std::map<ValueId, ValueId> replaced_;
};

}  // namespace

Program recurrent_layers(Program program) {
  const at::NoGradGuard no_gradients;
  program = Expander(recompose_unrolled(std::move(program))).run();
  remove_dead_code(program);  // states that nobody reads, steps that were unrolled
  return program;
}

}  // namespace maas
