// Operators that stand for several, written out
#pragma once

#include <string>
#include <vector>

#include "program/program.h"

namespace maas {

// Replaces operators by what they are made of, as far as gradients.h has rules for the parts:
// linear on a matrix, cross entropy (with label smoothing and class weights), l1_loss, dropout,
// batch and layer norm and max pooling in the forms that keep what their backward needs. The
// results are the same numbers. Inputs, outputs, and nodes of other operators stay as they are.
Program expand_composites(Program program);

// Full names of the operators that it replaces where their form allows it, sorted.
const std::vector<std::string>& expanded_operators();

}  // namespace maas
