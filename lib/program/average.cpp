#include "program/average.h"

#include <ATen/ops/equal.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "program/emit.h"
#include "program/rewrite.h"

namespace maas {
namespace {

using Kind = GraphInput::Kind;

std::map<std::string, at::Tensor>& table_of(Program& program, Kind kind) {
  return kind == Kind::kParameter ? program.parameters
         : kind == Kind::kBuffer  ? program.buffers
                                  : program.constants;
}

class Average {
 public:
  explicit Average(const std::vector<Program>& members) : members_(members) {
    joined_.symbols = members[0].symbols;
    joined_.size_rules = members[0].size_rules;
    joined_.user_output_names = members[0].user_output_names;
  }

  Program join() {
    std::vector<ValueId> outputs;
    for (member_ = 0; member_ < members_.size(); ++member_) outputs.push_back(add_member());
    std::stable_sort(joined_.inputs.begin(), joined_.inputs.end(),
                     [](const auto& a, const auto& b) { return a.kind < b.kind; });
    ValueId sum = outputs[0];
    for (size_t i = 1; i < outputs.size(); ++i) {
      sum = emit("aten::add.Tensor", {{"self", ValueRef{sum}}, {"other", ValueRef{outputs[i]}}});
    }
    const double share = 1.0 / static_cast<double>(outputs.size());
    const ValueId mean = emit("aten::mul.Scalar", {{"self", ValueRef{sum}}, {"other", share}});
    joined_.outputs = members_[0].outputs;
    joined_.outputs[0].value = ValueRef{mean};
    compact_values(joined_);
    return std::move(joined_);
  }

 private:
  const Program& member() const { return members_[member_]; }
  std::string prefixed(const std::string& name, const char* joint) const {
    return fmt::format("fold{}{}{}", member_ + 1, joint, name);
  }

  ValueId emit(const std::string& op, const std::vector<Operand>& operands) {
    Node node = make_node(op, operands);
    const ValueId made =
        add_result(joined_, node, "mean", std::get<ValueRef>(operands[0].value).id);
    joined_.nodes.push_back(std::move(node));
    return made;
  }

  // Returns the value of the member's output.
  ValueId add_member() {
    MAAS_CHECK(member().outputs.size() == 1 && member().values.size() == members_[0].values.size());
    const auto offset = static_cast<ValueId>(joined_.values.size());
    for (Value value : member().values) {
      value.name = prefixed(value.name, "_");
      joined_.values.push_back(std::move(value));
    }
    moved_.assign(member().values.size(), kNoValue);
    for (size_t i = 0; i < moved_.size(); ++i) moved_[i] = offset + static_cast<ValueId>(i);
    for (const GraphInput& input : member().inputs) add_input(input);
    const auto move = [this](ValueId id) { return id == kNoValue ? id : moved_.at(id); };
    for (Node node : member().nodes) {
      rename_uses(node, move);
      for (Node::Output& output : node.outputs) {
        for (ValueId& id : output.ids) id = move(id);
      }
      joined_.nodes.push_back(std::move(node));
    }
    return move(std::get<ValueRef>(member().outputs[0].value).id);
  }

  void add_input(GraphInput input) {
    if (input.value == kNoValue) {
      if (member_ == 0) joined_.inputs.push_back(std::move(input));
      return;
    }
    ValueId& moved = moved_.at(input.value);
    const bool is_shared = input.kind == Kind::kUser || is_equal_in_all(input);
    if (is_shared && member_ > 0) {
      moved = shared_.at(input.target);
      return;
    }
    if (is_shared) {
      joined_.value(moved).name = member().value(input.value).name;
      shared_[input.target] = moved;
    }
    if (input.kind != Kind::kUser) {
      const at::Tensor tensor = member().tensor_of(input);
      if (!is_shared) input.target = prefixed(input.target, ".");
      table_of(joined_, input.kind)[input.target] = tensor;
    }
    input.value = moved;
    joined_.inputs.push_back(std::move(input));
  }

  bool is_equal_in_all(const GraphInput& input) const {
    if (input.kind == Kind::kParameter) return false;
    return std::all_of(members_.begin(), members_.end(), [&](const Program& other) {
      return at::equal(other.tensor_of(input), members_[0].tensor_of(input));
    });
  }

  const std::vector<Program>& members_;
  Program joined_;
  size_t member_ = 0;
  std::vector<ValueId> moved_;             // of the member -> of joined_
  std::map<std::string, ValueId> shared_;  // by target
};

// The value that an operand of the node is; kNoValue where it is no value.
ValueId operand(const Node& node, const std::string& name) {
  const Argument* argument = node.find(name);
  const auto* value = argument == nullptr ? nullptr : std::get_if<ValueRef>(argument);
  return value == nullptr ? kNoValue : value->id;
}

// Of a program whose output is (a + b + c + ...) / n: a + b + c, a + b, a. Else empty.
std::vector<ValueId> sums_of(const Program& program) {
  const auto* output =
      program.outputs.empty() ? nullptr : std::get_if<ValueRef>(&program.outputs[0].value);
  if (output == nullptr) return {};
  const std::vector<int64_t> made_by = producers(program);
  const auto maker = [&](ValueId value) -> const Node* {
    const int64_t node = value == kNoValue ? -1 : made_by[static_cast<size_t>(value)];
    return node < 0 ? nullptr : &program.nodes[static_cast<size_t>(node)];
  };
  const Node* mean = maker(output->id);
  if (mean == nullptr || mean->full_name() != "aten::mul.Scalar") return {};
  const auto* share = mean->find("other");
  const auto* number = share == nullptr ? nullptr : std::get_if<double>(share);
  if (number == nullptr || !(*number > 1e-6 && *number < 1)) return {};
  const auto members = static_cast<size_t>(std::lround(1.0 / *number));
  if (*number != 1.0 / static_cast<double>(members)) return {};
  std::vector<ValueId> sums = {operand(*mean, "self")};
  while (sums.size() < members) {  // and no further: a member's output may be a sum, too
    const Node* sum = maker(sums.back());
    if (sum == nullptr || sum->full_name() != "aten::add.Tensor") return {};
    if (operand(*sum, "other") == kNoValue) return {};
    sums.push_back(operand(*sum, "self"));
  }
  return sums;
}

}  // namespace

Program averaged(const std::vector<Program>& members) {
  MAAS_CHECK(members.size() >= 2);
  return Average(members).join();
}

int64_t members_of_average(const Program& program) {
  const std::vector<ValueId> sums = sums_of(program);
  const auto in_fold = [](const auto& parameter) { return parameter.first.starts_with("fold"); };
  const bool all_in_folds =
      !program.parameters.empty() &&
      std::all_of(program.parameters.begin(), program.parameters.end(), in_fold);
  return all_in_folds && sums.size() >= 2 ? static_cast<int64_t>(sums.size()) : 0;
}

Program first_of_average(Program program) {
  MAAS_CHECK(members_of_average(program) > 0);
  program.outputs[0].value = ValueRef{sums_of(program).back()};
  remove_dead_code(program);
  const std::string mark = "fold1.";
  for (GraphInput& input : program.inputs) {
    if (!input.target.starts_with(mark) || input.value == kNoValue) continue;
    const std::string own = input.target.substr(mark.size());
    std::map<std::string, at::Tensor>& table = table_of(program, input.kind);
    table[own] = table.at(input.target);
    table.erase(input.target);
    input.target = own;
  }
  compact_values(program);
  return program;
}

}  // namespace maas
