// Does a graph remember anything from run to run?
#pragma once

#include <string>

#include "program/program.h"

namespace maas {

// Throws Error{kInput} naming the buffer when the program changes a buffer on which its own outputs
// depend (a counter, a cache of keys and values): maas runs networks as functions of their inputs,
// many at once. Statistics that a batch norm keeps for later are no state in this sense, nor is
// what no output depends on. `where` names the file. O(buffers changed * nodes).
void refuse_state(const Program& program, const std::string& where);

}  // namespace maas
