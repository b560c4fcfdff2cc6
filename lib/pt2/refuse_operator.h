// What is said of an operator that maas does not run
#pragma once

#include <string>

#include "program/program.h"

namespace maas {

// Throws Error{kInput} at `place` that names the operator and a remedy that applies: another way to
// write what it does, or to export it. `decomposed` says that the file is core ATen already.
[[noreturn]] void refuse_operator(const std::string& place, const Node& node, bool decomposed);

}  // namespace maas
