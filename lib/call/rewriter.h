// One hand that rewrites: new nodes with declared results, replaced values, removed nodes
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "call/declare_shapes.h"
#include "program/emit.h"
#include "program/program.h"

namespace maas {

// Walk the nodes with `for (size_t i = 0; i < r.size(); ++i) { r.at(i); ... }`: what is emitted
// then stands before node i. Indices stay those of the program that was given until finish(). One
// thread; owns its program.
class Rewriter {
 public:
  // `where` names the file in messages.
  explicit Rewriter(Program program, std::string where = "graph");

  const Program& program() const { return program_; }
  Program& program() { return program_; }  // to add weights, constants and inputs
  size_t size() const { return count_; }   // nodes that were given
  const Node& node(size_t index) const { return program_.nodes[index]; }
  Node& node(size_t index) { return program_.nodes[index]; }

  // Where emit() puts nodes: before node `index`; size() = behind all.
  void at(size_t index) { place_ = index; }

  // A new node at the current place, its results declared by shape inference. `op` is
  // "aten::relu" or "aten::add.Tensor". Throws Error{kInput} naming the node when libtorch refuses
  // the arguments. emit() is for one result; emit_many() declares the first `count`.
  ValueId emit(const std::string& op, const std::vector<Operand>& operands);
  std::vector<ValueId> emit_many(const std::string& op, const std::vector<Operand>& operands,
                                 size_t count);

  // The node that makes a value, in the program as it was given or emitted since; nullptr for
  // inputs. Valid until the next emit().
  const Node* producer(ValueId id) const;
  std::optional<size_t> producer_index(ValueId id) const;  // of the given nodes alone
  // The only given node that reads the value; nullopt when there are more, when a graph output
  // reads it, or none does. Reads by nodes that were emitted do not count.
  std::optional<size_t> only_reader(ValueId id) const;

  // Every read of `old` in given nodes and outputs becomes one of `by`, at once; nodes that were
  // emitted keep what they read, so that a value may be wrapped: replace(x, emit(..., x)).
  void replace(ValueId old, ValueId by);
  void remove(size_t index) { removed_[index] = true; }  // whatever still reads its results

  // The rewritten program, without dead nodes, its structure checked (program/check_structure.h).
  Program finish();

 private:
  struct Emitted {
    size_t place;
    Node node;
  };

  Program program_;
  std::string where_;
  size_t count_, place_ = 0;
  ShapeDeclarer declarer_;
  std::vector<int64_t> made_by_, reads_;
  std::vector<int64_t> reader_;  // of the given nodes; -1 = none, -2 = an output
  std::vector<bool> removed_;
  std::vector<Emitted> emitted_;
};

}  // namespace maas
