// Programs with one thing wrong, as a broken exporter or a hostile file would have it.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/empty.h>

#include <random>
#include <string>
#include <vector>

#include "program/operators.h"
#include "program/program.h"

namespace maas {

// Reproducible: the same seed makes the same mutants of the same program. Weights that a mutant
// changes are its own; the others are shared with the original.
class Mutator {
 public:
  explicit Mutator(uint64_t seed) : random_(seed) {}

  Program mutant_of(const Program& original) {
    Program program = original;
    if (program.nodes.empty()) return program;
    switch (pick(9)) {
      case 0:
        change_constant(program);
        break;
      case 1:
        change_reference(program);
        break;
      case 2:
        change_weight(program);
        break;
      case 3:
        change_operator(program);
        break;
      case 4:
        change_overload(program);
        break;
      case 5:
        change_declaration(program);
        break;
      case 6:
        change_order(program);
        break;
      case 7:
        change_output(program);
        break;
      default:
        change_names(program);
    }
    return program;
  }

 private:
  size_t pick(size_t count) { return std::uniform_int_distribution<size_t>(0, count - 1)(random_); }
  template <class T>
  T& one_of(std::vector<T>& items) {
    return items[pick(items.size())];
  }

  int64_t odd_number(int64_t near) {
    const std::vector<int64_t> numbers = {near + 1, near - 1,  0,         1,         -1,
                                          2,        3,         7,         near * 2,  64,
                                          1 << 20,  INT32_MAX, INT64_MAX, INT64_MIN, INT64_MIN + 1};
    return numbers[pick(numbers.size())];
  }
  at::ScalarType odd_dtype() {
    const std::vector<at::ScalarType> dtypes = {
        at::kDouble, at::kHalf, at::kBFloat16, at::kLong,  at::kInt,
        at::kByte,   at::kBool, at::kChar,     at::kFloat, at::kComplexFloat};
    return dtypes[pick(dtypes.size())];
  }
  ValueId any_value(const Program& program) {
    return static_cast<ValueId>(pick(program.values.size() + 1)) - 1;  // kNoValue among them
  }

  Argument odd_argument(const Program& program, const Argument& old) {
    switch (pick(10)) {
      case 0:
        return None{};
      case 1:
        return ValueRef{static_cast<ValueId>(pick(program.values.size()))};
      case 2:
        return pick(2) == 0;
      case 3:
        return std::vector<double>{0.0, 1e300, -1.0, 0.5}[pick(4)];
      case 4:
        return odd_dtype();
      case 5:
        return ValueList{{any_value(program), any_value(program)}, pick(2) == 0};
      case 6:
        return IntList{{{odd_number(1)}, {odd_number(1)}}};
      default:
        if (const auto* number = std::get_if<int64_t>(&old)) return odd_number(*number);
        if (const auto* list = std::get_if<IntList>(&old);
            list != nullptr && !list->items.empty()) {
          IntList changed = *list;
          IntOrValue& item = one_of(changed.items);
          item = {odd_number(item.number)};
          if (pick(4) == 0) changed.items.pop_back();
          return changed;
        }
        return odd_number(1);
    }
  }

  void change_constant(Program& program) {
    Node& node = one_of(program.nodes);
    const auto found = c10::Dispatcher::singleton().findSchema({node.op, node.overload});
    if (!found) return;
    const auto& parameters = found->schema().arguments();
    const std::string name = parameters[pick(parameters.size())].name();
    const Argument* old = node.find(name);
    node.set(name, odd_argument(program, old == nullptr ? Argument(None{}) : *old));
  }

  void change_reference(Program& program) {
    Node& node = one_of(program.nodes);
    if (node.arguments.empty()) return;
    NamedArgument& argument = one_of(node.arguments);
    if (std::holds_alternative<ValueRef>(argument.value)) {
      argument.value = ValueRef{static_cast<ValueId>(pick(program.values.size()))};
    } else if (pick(3) == 0) {
      argument.name = "other";
    } else {
      node.arguments.erase(node.arguments.begin() +
                           static_cast<int64_t>(pick(node.arguments.size())));
    }
  }

  // Weight and declaration go on agreeing.
  void change_weight(Program& program) {
    std::vector<GraphInput*> weights;
    for (GraphInput& input : program.inputs) {
      if (input.kind == GraphInput::Kind::kParameter || input.kind == GraphInput::Kind::kBuffer) {
        weights.push_back(&input);
      }
    }
    if (weights.empty()) return;
    const GraphInput& input = *one_of(weights);
    auto& table = input.kind == GraphInput::Kind::kParameter ? program.parameters : program.buffers;
    if (table.count(input.target) == 0) return;  // an earlier mutation renamed it
    at::Tensor& tensor = table.at(input.target);
    const auto rank = static_cast<size_t>(tensor.dim());
    switch (pick(5)) {
      case 0:
        tensor = tensor.to(odd_dtype());
        break;
      case 1:
        if (rank > 0) tensor = tensor.narrow(static_cast<int64_t>(pick(rank)), 0, 1);
        break;
      case 2:
        if (rank > 0) tensor = tensor.transpose(0, static_cast<int64_t>(pick(rank)));
        break;
      case 3:
        tensor = at::empty({0}, tensor.options());
        break;
      default:
        tensor = pick(2) == 0 ? tensor.flatten() : tensor.unsqueeze(0);
    }
    Value& value = program.value(input.value);
    value.dtype = tensor.scalar_type();
    value.shape.assign(tensor.sizes().begin(), tensor.sizes().end());
  }

  void change_operator(Program& program) {
    Node& node = one_of(program.nodes);
    const auto& all = allowed_operators();
    node.op = all[pick(all.size())];
    if (pick(2) == 0) node.overload = "";
  }

  void change_overload(Program& program) {
    Node& node = one_of(program.nodes);
    const std::vector<std::string> overloads = {"",        "Tensor", "Scalar", "out",
                                                "default", "dim",    "int",    "self"};
    node.overload = overloads[pick(overloads.size())];
    if (pick(3) == 0) node.op += "_";
  }

  void change_declaration(Program& program) {
    Value& value = one_of(program.values);
    switch (pick(5)) {
      case 0:
        value.dtype = odd_dtype();
        break;
      case 1:
        value.shape.push_back(Dim(odd_number(1)));
        break;
      case 2:
        if (!value.shape.empty()) one_of(value.shape) = Dim(odd_number(4));
        break;
      case 3:
        if (!value.shape.empty()) one_of(value.shape) = Dim("s0*s0 - 2", 2);
        break;
      default:
        value.kind = static_cast<ValueKind>(pick(4));
    }
  }

  void change_order(Program& program) {
    if (pick(2) == 0) {
      std::swap(one_of(program.nodes), one_of(program.nodes));
    } else {
      program.nodes.erase(program.nodes.begin() + static_cast<int64_t>(pick(program.nodes.size())));
    }
  }

  void change_output(Program& program) {
    GraphOutput& output = one_of(program.outputs);
    switch (pick(4)) {
      case 0:
        output.kind = GraphOutput::Kind::kBufferMutation;
        output.target = "no_buffer";
        break;
      case 1:
        output.value = ValueRef{static_cast<ValueId>(pick(program.values.size()))};
        break;
      case 2:
        if (!program.buffers.empty()) {
          program.outputs.push_back(
              {GraphOutput::Kind::kBufferMutation, output.value, program.buffers.begin()->first});
        }
        break;
      default:
        output.value = int64_t{3};
    }
  }

  void change_names(Program& program) {
    switch (pick(4)) {
      case 0:
        one_of(program.values).name = one_of(program.values).name;
        break;
      case 1:
        one_of(program.inputs).target = one_of(program.inputs).target;
        break;
      case 2:
        one_of(program.inputs).kind = static_cast<GraphInput::Kind>(pick(4));
        break;
      default:
        one_of(one_of(program.nodes).outputs).is_list ^= true;
    }
  }

  std::mt19937_64 random_;
};

}  // namespace maas
