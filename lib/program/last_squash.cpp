#include "program/last_squash.h"

#include <algorithm>
#include <set>

#include "program/rewrite.h"

namespace maas {
namespace {

const Node* maker_of(const Program& program, const std::vector<int64_t>& made_by, ValueId value) {
  const int64_t index = value == kNoValue ? -1 : made_by.at(static_cast<size_t>(value));
  return index < 0 ? nullptr : &program.nodes[static_cast<size_t>(index)];
}

ValueId operand(const Node& node) {
  const Argument* self = node.find("self");
  const auto* ref = self == nullptr ? nullptr : std::get_if<ValueRef>(self);
  return ref == nullptr ? kNoValue : ref->id;
}

bool is_over_classes(const Program& program, const Node& node) {
  const size_t rank = program.value(node.outputs.at(0).ids.at(0)).shape.size();
  const Argument* dim = node.find("dim");
  const auto* number = dim == nullptr ? nullptr : std::get_if<int64_t>(dim);
  return rank == 2 && number != nullptr && (*number == -1 || *number == 1);
}

OutputForm form_of(const Program& program, const Node& node, Squash squash) {
  if (squash == Squash::kSigmoid) {
    return node.op == "aten::sigmoid" ? OutputForm::kProbabilities : OutputForm::kLogits;
  }
  const bool is_softmax = node.op == "aten::softmax" || node.op == "aten::_softmax";
  const bool is_log = node.op == "aten::log_softmax" || node.op == "aten::_log_softmax";
  if ((!is_softmax && !is_log) || !is_over_classes(program, node)) return OutputForm::kLogits;
  return is_softmax ? OutputForm::kProbabilities : OutputForm::kLogProbabilities;
}

struct Found {
  OutputForm form = OutputForm::kLogits;
  ValueId logits = kNoValue;
};

Found find_squash(const Program& program, Squash squash) {
  static const std::set<std::string> copies = {"aten::alias",  "aten::clone", "aten::contiguous",
                                               "aten::detach", "aten::to",    "aten::_to_copy"};
  const auto outputs = program.user_outputs();
  const auto* first = outputs.empty() ? nullptr : std::get_if<ValueRef>(&outputs[0]->value);
  if (first == nullptr) return {};
  const std::vector<int64_t> made_by = producers(program);
  const Node* node = maker_of(program, made_by, first->id);
  while (node != nullptr && copies.count(node->op) != 0) {
    node = maker_of(program, made_by, operand(*node));
  }
  const OutputForm form = node == nullptr ? OutputForm::kLogits : form_of(program, *node, squash);
  if (form == OutputForm::kLogits || operand(*node) == kNoValue) return {.logits = first->id};
  return {form, operand(*node)};
}

}  // namespace

OutputForm output_form(const Program& program, Squash squash) {
  return find_squash(program, squash).form;
}

ValueId logits_of(const Program& program, Squash squash) {
  return find_squash(program, squash).logits;
}

Program with_logits(Program program, Squash squash) {
  const Found found = find_squash(program, squash);
  if (found.form == OutputForm::kLogits) return program;
  const auto first =
      std::find_if(program.outputs.begin(), program.outputs.end(),
                   [](const GraphOutput& o) { return o.kind == GraphOutput::Kind::kUser; });
  first->value = ValueRef{found.logits};
  return program;
}

}  // namespace maas
