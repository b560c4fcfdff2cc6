// Several networks of one form, answering together.
#pragma once

#include <cstdint>
#include <vector>

#include "program/program.h"

namespace maas {

// A program with the user inputs of the first member, which gives the mean of the members' outputs.
// Parameters get "fold1.", "fold2." ... in front of their names; buffers and constants that are
// equal in all members are there once under their own name. Precondition (checked): two members or
// more, equal but for the tensors, whose one user output is floating.
Program averaged(const std::vector<Program>& members);

// How many members the program has, if it is as averaged() makes them; else 0.
int64_t members_of_average(const Program& program);

// The first of them alone, under its own names. Precondition (checked): it has members.
Program first_of_average(Program program);

}  // namespace maas
