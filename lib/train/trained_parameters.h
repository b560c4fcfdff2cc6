// Which parameters learn, and which stay as they are
#pragma once

#include <string>
#include <vector>

#include "program/program.h"

namespace maas {

// Of a graph whose first user output is the loss: the floating-point parameters, in order of their
// names, that require a gradient, match no pattern of `freeze` and get a gradient: the loss depends
// on them otherwise than through detach and the like. The others have no gradient in PyTorch, so
// that an optimizer passes them over, weight decay included. Throws Error{kUsage} when none is
// left.
std::vector<std::string> trained_parameters(const Program& loss,
                                            const std::vector<std::string>& freeze);

// The patterns of train.freeze with "backbone" written out: the names of all parameters but those
// of the last layer (program/last_layer.h). Throws what find_last_layer() throws.
std::vector<std::string> freeze_patterns(const Program& network,
                                         const std::vector<std::string>& freeze);

// Throws Error{kUsage} naming each of `freeze` that no parameter's name matches, with the nearest;
// and what freeze_patterns() throws.
void check_freeze(const Program& program, const std::vector<std::string>& freeze);

}  // namespace maas
