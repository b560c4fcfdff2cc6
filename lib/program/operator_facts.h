// What is true of each operator that a Program may hold: one table
#pragma once

#include <string>
#include <vector>

namespace maas {

// Whatever overload is meant. Rules that do something with an operator (its gradient, its shape)
// stay with what they do; here is what several of them ask.
struct OperatorFacts {
  std::string op;              // "aten::relu", "_operator::add"
  std::string group;           // for readers: "activations"
  bool view = false;           // a result may share memory with the first argument
  bool always_view = false;    // it does, but for a conversion to another dtype
  bool same_elements = false;  // the result holds the elements of the first argument, all of them
                               // (maybe repeated or converted) and no others
  bool pointwise = false;   // an element of the result depends on the elements in its place alone,
                            // after broadcasting
  bool random = false;      // draws random numbers, in one of its modes at least
  bool comparison = false;  // the result is bool whatever its operands hold
  bool constant = false;    // numbers of the result have no derivative by the operands: they are
                            // filled in or drawn, or cut off on purpose (detach)
  std::string training_flag;  // the boolean argument that says "training"; "" = none

  // Behaves differently in training, or from call to call.
  bool is_mode_dependent() const { return random || !training_flag.empty(); }
};

// nullptr for an operator that a Program may not hold: what reads files, calls back, writes into
// its arguments, or is none of ATen's and Python's arithmetic. O(log n).
const OperatorFacts* facts_of(const std::string& op);

const std::vector<OperatorFacts>& operator_facts();  // all, sorted by op

// False for what has no facts.
bool is_view(const std::string& op);
bool is_constant(const std::string& op);

// "aten::relu_" -> "aten::relu" when that may be in a Program; "" otherwise.
std::string pure_form(const std::string& op);

}  // namespace maas
