// Which user inputs are used as indices, and what values they may have.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "program/program.h"

namespace maas {

// A limit on the values of an input, or of a part of it: those whose place in dimension `dim` is in
// [begin, end). Of floats it is on what is left without the fraction, as casts have it.
struct IndexLimit {
  int64_t lowest = 0, highest = 0;  // both included
  std::string table;                // what is indexed: a parameter, buffer, input or value
  int64_t dim = -1;                 // -1 = all of the input
  int64_t begin = 0, end = 0;
};

// One entry for each of program.user_inputs(), empty where nothing is known. An input, or a slice
// of it at fixed places, is followed through operators that hand all its values on (reshaping,
// copies, casts) into the index argument of embedding, gather, one_hot and
// their like, where the table's size is a number. Whoever keeps to the limits gets no index error
// from those operators; indices that the graph computes are not covered.
std::vector<std::vector<IndexLimit>> index_limits(const Program& program);

// True for the operators that take indices; their failures at run time are c10::IndexErrors (see
// call.h), whatever libtorch calls them.
bool is_indexing_operator(const std::string& op);

}  // namespace maas
