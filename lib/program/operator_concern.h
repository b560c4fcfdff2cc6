// What a part of the program has to say of each operator: a column of `maas inspect --operators`
#pragma once

#include <string>
#include <vector>

namespace maas {

// A part that keeps rules by operator offers one, made from the very table that it works by, so
// that a gap is seen. Parts of any rank do; apps/maas/operators.cpp lists them.
struct OperatorConcern {
  const char* name;     // the column: "gradient"
  const char* summary;  // one phrase: what stands in it, and what a gap means
  // Of an operator with facts (operator_facts.h), such as "aten::add": a few words, "" = nothing.
  // An overload is named without its operator, the one without a name "default".
  std::string (*mark)(const std::string& op);
};

// What the facts themselves say.
OperatorConcern facts_concern();
OperatorConcern in_place_concern();
OperatorConcern mode_concern();

// The overloads that libtorch has of `op` and that write into none of their arguments, as full
// names, sorted; none of what is not ATen's.
const std::vector<std::string>& pure_overloads(const std::string& op);

// The overloads of `op` among full names such as "aten::add.Tensor", as a mark: "Tensor Scalar".
std::string overloads_of(const std::string& op, const std::vector<std::string>& full_names);

}  // namespace maas
