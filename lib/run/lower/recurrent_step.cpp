#include "run/lower/recurrent_step.h"

#include <algorithm>

#include "program/arguments.h"
#include "program/operators.h"
#include "program/rewrite.h"

namespace maas {
namespace {

std::vector<Dim> without_units(std::vector<Dim> shape) {
  shape.erase(std::remove(shape.begin(), shape.end(), Dim(1)), shape.end());
  return shape;
}

bool is_view(const Node& node) {
  return is_one_of(node.op, {"aten::view", "aten::_unsafe_view", "aten::reshape", "aten::unsqueeze",
                             "aten::squeeze", "aten::expand"});
}

}  // namespace

bool is_zeros(const Node& node) {
  if (is_one_of(node.op, {"aten::zeros", "aten::zeros_like", "aten::new_zeros"})) return true;
  const Argument* fill = node.op == "aten::full" ? node.find("fill_value") : nullptr;
  return fill != nullptr && (*fill == Argument(int64_t{0}) || *fill == Argument(0.0));
}

StepFinder::StepFinder(const Program& program)
    : program_(program), made_by_(producers(program)), weights_(tensors_by_value(program)) {}

std::optional<RecurrentStep> StepFinder::step_at(const Node& node) const {
  if (node.outputs.size() != 1 || node.outputs[0].ids.size() != 1) return std::nullopt;
  std::optional<RecurrentStep> step;
  const std::string name = node.full_name();
  if (name == "aten::mul.Tensor") step = lstm(node);
  if (name == "aten::add.Tensor") step = gru(node);
  if (name == "aten::tanh" || name == "aten::relu") step = plain(node);
  return step;
}

ValueId StepFinder::core(ValueId value) const {
  for (const Node* node = maker(value); node != nullptr && is_view(*node); node = maker(value)) {
    const ValueId source = operand_of(*node, "self");
    if (source == kNoValue ||
        without_units(program_.value(source).shape) != without_units(program_.value(value).shape)) {
      break;
    }
    value = source;
  }
  return value;
}

bool StepFinder::is_zero(ValueId value) const {
  const Node* node = maker(value);
  while (node != nullptr &&
         (is_view(*node) || is_one_of(node->op, {"aten::slice", "aten::select"}))) {
    node = maker(operand_of(*node, "self"));
  }
  return node != nullptr && is_zeros(*node);
}

const Node* StepFinder::maker(ValueId value) const {
  if (value == kNoValue || made_by_[value] < 0) return nullptr;
  return &program_.nodes[static_cast<size_t>(made_by_[value])];
}

const Node* StepFinder::maker(ValueId value, const char* op) const {
  const Node* node = maker(core(value));
  return node != nullptr && node->full_name() == op ? node : nullptr;
}

// Of add, sub and mul of two tensors.
std::optional<StepFinder::Pair> StepFinder::operands(ValueId value, const char* op) const {
  const Node* node = maker(value, op);
  if (node == nullptr || number_of(*node, "alpha", 1) != 1) return std::nullopt;
  const Pair pair{operand_of(*node, "self"), operand_of(*node, "other")};
  if (pair.first == kNoValue || pair.second == kNoValue) return std::nullopt;
  return pair;
}

std::array<StepFinder::Pair, 2> StepFinder::both_ways(const Pair& pair) {
  return {pair, Pair{pair.second, pair.first}};
}

std::optional<StepFinder::Gate> StepFinder::gate(ValueId value) const {
  value = core(value);
  const Node* node = maker(value);
  if (node == nullptr ||
      !is_one_of(node->op, {"aten::split_with_sizes", "aten::split", "aten::chunk"})) {
    return std::nullopt;
  }
  const ValueId whole = operand_of(*node, "self");
  const std::vector<ValueId>& parts = node->outputs.at(0).ids;
  const auto rank = static_cast<int64_t>(program_.value(whole).shape.size());
  const int64_t dim = integer_of(*node, "dim", 0);
  if (dim != -1 && dim != rank - 1) return std::nullopt;
  for (const ValueId part : parts) {
    if (part == kNoValue ||
        program_.value(part).shape.back() != program_.value(value).shape.back()) {
      return std::nullopt;
    }
  }
  const auto place = std::find(parts.begin(), parts.end(), value);
  return Gate{whole, place - parts.begin(), static_cast<int64_t>(parts.size())};
}

std::optional<StepFinder::Gate> StepFinder::activated_gate(ValueId value, const char* op) const {
  const Node* node = maker(value, op);
  return node == nullptr ? std::nullopt : gate(operand_of(*node, "self"));
}

// hidden = sigmoid(o) tanh(carry), carry = sigmoid(f) carry_before + sigmoid(i) tanh(g)
std::optional<RecurrentStep> StepFinder::lstm(const Node& node) const {
  RecurrentStep step;
  step.cell = "lstm";
  step.hidden = node.outputs[0].ids[0];
  const auto product = operands(step.hidden, "aten::mul.Tensor");
  if (!product) return std::nullopt;
  for (const auto& [a, b] : both_ways(*product)) {
    const auto out = activated_gate(a, "aten::sigmoid");
    const Node* squash = maker(b, "aten::tanh");
    if (!out || out->index != 3 || out->parts != 4 || squash == nullptr) continue;
    step.carry = core(operand_of(*squash, "self"));
    const auto sum = operands(step.carry, "aten::add.Tensor");
    if (!sum) continue;
    for (const auto& [kept, fresh] : both_ways(*sum)) {
      const auto old = operands(kept, "aten::mul.Tensor"), in = operands(fresh, "aten::mul.Tensor");
      if (!old || !in) continue;
      for (const auto& [forget, before] : both_ways(*old)) {
        for (const auto& [open, cell] : both_ways(*in)) {
          const auto f = activated_gate(forget, "aten::sigmoid");
          const auto i = activated_gate(open, "aten::sigmoid");
          const auto g = activated_gate(cell, "aten::tanh");
          if (!f || !i || !g || f->index != 1 || i->index != 0 || g->index != 2) continue;
          if (f->whole != out->whole || i->whole != out->whole || g->whole != out->whole) continue;
          step.carry_before = core(before);
          if (read_sum(out->whole, step) && fits(step, 4)) return step;
        }
      }
    }
  }
  return std::nullopt;
}

// hidden = (before - n) z + n
std::optional<RecurrentStep> StepFinder::gru(const Node& node) const {
  RecurrentStep step;
  step.cell = "gru";
  step.hidden = node.outputs[0].ids[0];
  const auto sum = operands(step.hidden, "aten::add.Tensor");
  if (!sum) return std::nullopt;
  for (const auto& [scaled, fresh] : both_ways(*sum)) {
    const auto product = operands(scaled, "aten::mul.Tensor");
    if (!product) continue;
    for (const auto& [difference, update] : both_ways(*product)) {
      const auto change = operands(difference, "aten::sub.Tensor");
      if (!change || core(change->second) != core(fresh)) continue;
      const auto sides = gru_sides(fresh, update);
      if (sides && read_linear(sides->of_state, step) && core(change->first) == step.before &&
          read_gates(sides->of_input, step) && fits(step, 3)) {
        return step;
      }
    }
  }
  return std::nullopt;
}

// What n = tanh(x_n + r s_n), r = sigmoid(x_r + s_r) and z = sigmoid(x_z + s_z) are parts of: x the
// gates of the input, s those of the state.
std::optional<StepFinder::Sides> StepFinder::gru_sides(ValueId fresh, ValueId update) const {
  const Node* squash = maker(fresh, "aten::tanh");
  const auto sum =
      squash == nullptr ? std::nullopt : operands(operand_of(*squash, "self"), "aten::add.Tensor");
  if (!sum) return std::nullopt;
  for (const auto& [of_input, gated] : both_ways(*sum)) {
    const auto x = gate(of_input);
    const auto product = operands(gated, "aten::mul.Tensor");
    if (!x || x->index != 2 || x->parts != 3 || !product) continue;
    for (const auto& [of_state, reset] : both_ways(*product)) {
      const auto s = gate(of_state);
      if (!s || s->index != 2 || s->parts != 3) continue;
      const Sides sides{s->whole, x->whole};
      if (is_opened_by(reset, 0, sides) && is_opened_by(update, 1, sides)) return sides;
    }
  }
  return std::nullopt;
}

// sigmoid of the sum of both sides' parts at `index`
bool StepFinder::is_opened_by(ValueId value, int64_t index, const Sides& sides) const {
  const Node* squash = maker(value, "aten::sigmoid");
  const auto sum =
      squash == nullptr ? std::nullopt : operands(operand_of(*squash, "self"), "aten::add.Tensor");
  if (!sum) return false;
  const auto a = gate(sum->first), b = gate(sum->second);
  if (!a || !b || a->index != index || b->index != index) return false;
  return (a->whole == sides.of_state && b->whole == sides.of_input) ||
         (a->whole == sides.of_input && b->whole == sides.of_state);
}

std::optional<RecurrentStep> StepFinder::plain(const Node& node) const {
  RecurrentStep step;
  step.cell = node.op == "aten::tanh" ? "tanh" : "relu";
  step.hidden = node.outputs[0].ids[0];
  if (read_sum(operand_of(node, "self"), step) && fits(step, 1)) return step;
  return std::nullopt;
}

// linear(before) + gates of the input
bool StepFinder::read_sum(ValueId sum, RecurrentStep& step) const {
  const auto pair = operands(sum, "aten::add.Tensor");
  if (!pair) return false;
  for (const auto& [of_state, of_input] : both_ways(*pair)) {
    if (read_linear(of_state, step) && read_gates(of_input, step)) return true;
  }
  return false;
}

bool StepFinder::read_linear(ValueId value, RecurrentStep& step) const {
  const Node* linear = maker(value, "aten::linear");
  if (linear == nullptr) return false;
  step.weight = operand_of(*linear, "weight");
  step.bias = operand_of(*linear, "bias");
  step.before = core(operand_of(*linear, "input"));
  const bool has_no_bias = argument_of(*linear, "bias", None{}) == Argument(None{});
  const auto weight = weights_.find(step.weight);
  return weight != weights_.end() && weight->second.dim() == 2 &&
         weight->second.scalar_type() == at::kFloat &&
         (step.bias == kNoValue ? has_no_bias : is_whole(step.bias, weight->second.size(0)));
}

// A bias of that length: libtorch would stretch a smaller one.
bool StepFinder::is_whole(ValueId bias, int64_t length) const {
  const auto known = weights_.find(bias);
  return known != weights_.end() && known->second.scalar_type() == at::kFloat &&
         known->second.sizes() == at::IntArrayRef({length});
}

bool StepFinder::read_gates(ValueId value, RecurrentStep& step) const {
  const Node* node = maker(core(value));
  if (node == nullptr) return false;
  const std::string name = node->full_name();
  if (name != "aten::slice.Tensor" && name != "aten::select.int") return false;
  step.gates = operand_of(*node, "self");
  const std::vector<Dim>& shape = program_.value(step.gates).shape;
  if (shape.size() != 3) return false;
  step.gates_dim = integer_of(*node, "dim", 0);
  if (step.gates_dim != 0 && step.gates_dim != 1) return false;
  const Dim& steps = shape[static_cast<size_t>(step.gates_dim)];
  if (steps.is_symbolic()) return false;
  if (name == "aten::select.int") {
    step.time = integer_of(*node, "index", steps.size);
  } else {
    step.time = integer_of(*node, "start", 0);
    const int64_t end = integer_of(*node, "end", steps.size);
    if (integer_of(*node, "step", 1) != 1 || step.time < 0) return false;
    if (std::min(end, steps.size) != step.time + 1) return false;
  }
  if (step.time < 0) step.time += steps.size;
  if (step.time < 0 || step.time >= steps.size) return false;
  const Node* flip = maker(step.gates);
  const auto turned = flip == nullptr ? std::nullopt : integers_of(*flip, "dims", {});
  if (flip != nullptr && flip->op == "aten::flip" && turned &&
      *turned == std::vector<int64_t>{step.gates_dim}) {
    step.gates = operand_of(*flip, "self");  // the other way round
    step.time = steps.size - 1 - step.time;
  }
  return true;
}

bool StepFinder::fits(const RecurrentStep& step, int64_t gate_count) const {
  const at::Tensor& weight = weights_.at(step.weight);
  const std::vector<Dim>&gates = program_.value(step.gates).shape,
        &hidden = program_.value(step.hidden).shape;
  if (weight.size(0) != gate_count * weight.size(1) || gates.back() != Dim(weight.size(0))) {
    return false;
  }
  const std::vector<Dim> rows = {gates[step.gates_dim == 0 ? 1 : 0], Dim(weight.size(1))};
  const auto is_state = [&](ValueId value) {
    return without_units(program_.value(value).shape) == without_units(rows) &&
           program_.value(value).dtype == at::kFloat;
  };
  if (hidden.size() < 2 || hidden.size() > 3 || hidden.back() != rows.back()) return false;
  return is_state(step.hidden) && is_state(step.before) &&
         (step.carry_before == kNoValue || is_state(step.carry_before));
}

}  // namespace maas
