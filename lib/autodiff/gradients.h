// Reverse-mode differentiation of a graph, as a rewrite of it (Griewank and Walther, Evaluating
// Derivatives, 2008, chapter 3)
//
// The result runs as one plain graph: no tape is recorded, no autograd node is made, values go as
// soon as the last node has read them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "program/operator_concern.h"
#include "program/program.h"

namespace maas {

// `program` gives one user output, a scalar loss, and has been through expand_composites(). The
// result takes the same inputs and gives the loss, then d loss / d p for each parameter named, in
// that order, in p's shape (zeros where the loss does not depend on p); buffer mutations stay. It
// is for running, not for saving: the shapes of some values of the backward part are not declared.
//
// nullopt when an operator between the loss and a parameter has no rule (gradient_rule.h) in the
// form in which it is used; `missing`, if given, is then its full name. Autograd knows them all:
// the caller can fall back on it.
std::optional<Program> with_gradients(Program program, const std::vector<std::string>& parameters,
                                      std::string* missing = nullptr);

// A column of `maas inspect --operators`: the overloads with a rule; "expanded" for what
// expand_composites() writes out; "none flows" for constants (operator_facts.h); "" = a network
// that has it trains under autograd.
OperatorConcern gradient_concern();

}  // namespace maas
