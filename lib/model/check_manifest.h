// Whether a manifest describes the graph beside which it lies
#pragma once

#include <string>

#include "program/program.h"
#include "sample/spec.h"

namespace maas {

// Throws Error{kInput} with both shapes when the inputs that `data` describes (sample/spec.h) are
// not the graph's, in number, type or shape, or when the task has another number of outputs.
// `where` names file and record.
void check_manifest(const DataSpec& data, const Program& program, const std::string& where);

}  // namespace maas
