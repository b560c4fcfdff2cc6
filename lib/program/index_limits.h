// Which user inputs are used as indices, and what values they may have.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "program/program.h"

namespace maas {

struct IndexLimit {
  int64_t lowest = 0, highest = 0;  // both included
  std::string table;                // what is indexed: a parameter, buffer, input or value
};

// One entry for each of program.user_inputs(), nullopt where nothing is known. An input is followed
// through operators that hand all its values on (reshaping, copies, casts between integer types)
// into the index argument of embedding, gather, index_select and their like, where the table's size
// is a number. Whoever keeps to the limits gets no index error from those operators; indices that
// the graph computes are not covered.
std::vector<std::optional<IndexLimit>> index_limits(const Program& program);

}  // namespace maas
