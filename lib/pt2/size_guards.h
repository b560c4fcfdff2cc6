// The guards of an exported program: what its sizes must be to each other
#pragma once

#include <string>
#include <vector>

#include "program/program.h"

namespace maas {

// Takes the archive's guards ("(L['x'].size()[3] % 32) == 0") into program.size_rules, in terms of
// the symbols of the program's inputs, as far as they are arithmetic over sizes of inputs
// (program/dim_expression.h). What is not (strides, values), and what is never true, goes as it
// stands to program.unread_guards; what always holds is left out. The text may be anything.
void take_size_guards(Program& program, const std::vector<std::string>& guards);

// The program's rules as torch.export.load() evaluates them; those over a symbol that no input
// tells any more are left out.
std::vector<std::string> size_guards_of(const Program& program);

}  // namespace maas
