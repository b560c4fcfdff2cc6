// What a rule of differentiation sees of one operator, and how it says what it found.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "program/arguments.h"
#include "program/emit.h"
#include "program/program.h"

namespace maas {

// Valid while a rule runs. The forward part of the program is never changed; emitted nodes go
// behind it.
class Backward {
 public:
  Backward(Program& program, std::vector<ValueId>& gradients, const std::vector<bool>& needed)
      : program_(program), gradients_(gradients), needed_(needed) {
    for (const Node& node : program_.nodes) remember_transpose(node);
  }
  void look_at(const Node& node) { node_ = node; }

  const Node& node() const { return node_; }
  const Value& value(ValueId id) const { return program_.value(id); }
  ValueId operand(const char* name) const { return operand_of(node_, name); }
  ValueId result(size_t i = 0) const { return node_.outputs.at(i).ids.at(0); }

  // d loss / d result i; kNoValue when the loss does not depend on it.
  ValueId gradient(size_t i = 0) const {
    return i < node_.outputs.size() ? gradient_of(result(i)) : kNoValue;
  }
  ValueId gradient_of(ValueId id) const { return gradients_[id]; }

  // Whether a parameter's gradient flows through this operand.
  bool wants(const char* name) const { return wants(operand(name)); }
  bool wants(ValueId id) const {
    return id >= 0 && static_cast<size_t>(id) < needed_.size() && needed_[id];
  }

  // Adds to d loss / d operand; ignored where it is not wanted.
  void give(const char* name, ValueId gradient) { give(operand(name), gradient); }
  void give(ValueId operand, ValueId gradient);

  // Emits a node and returns its result, which has the shape of `like`.
  ValueId emit(const std::string& op, const std::vector<Operand>& operands,
               ValueId like = kNoValue);
  std::vector<ValueId> emit_many(const std::string& op, const std::vector<Operand>& operands,
                                 size_t count);

  // A matrix transposed; of one that was made so, the matrix that it was made of.
  ValueId transposed(ValueId matrix);
  // The sizes of a value as an argument; symbolic ones are read when the graph runs.
  IntList sizes(ValueId of);
  // The number of elements of a value, as a number of the graph.
  ValueId count(ValueId of);

  // Sums a gradient of this node's result over the dimensions in which `operand` was broadcast.
  ValueId reduced(ValueId gradient, ValueId operand);
  // The gradient in the shape of `operand`, which has as many elements.
  ValueId reshaped(ValueId gradient, ValueId operand);

 private:
  ValueId number(const std::string& op, const std::vector<Operand>& operands);
  void remember_transpose(const Node& node);

  Program& program_;
  std::vector<ValueId>& gradients_;
  const std::vector<bool>& needed_;
  Node node_;                              // a copy: emitting moves the program's nodes
  std::map<ValueId, ValueId> transposed_;  // results of aten::t and what they were made of
};

// Says what flows to the operands; false when it cannot be said for this form of the operator.
using GradientRule = bool (*)(Backward&);
using GradientRules = std::map<std::string, GradientRule>;

// By full operator name, such as "aten::add.Tensor".
void add_layer_rules(GradientRules& rules);        // products, convolutions, pooling, norms
void add_elementwise_rules(GradientRules& rules);  // activations, arithmetic with broadcasting
void add_shape_rules(GradientRules& rules);        // views, concatenation, reductions
void add_loss_rules(GradientRules& rules);

}  // namespace maas
