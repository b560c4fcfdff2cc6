// The moves from which passes over a Program are made.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "program/program.h"

namespace maas {

// Calls `visit` for every value that the argument or node reads. Results are not visited.
void for_each_use(const Argument& argument, const std::function<void(ValueId)>& visit);
void for_each_use(const Node& node, const std::function<void(ValueId)>& visit);

// Calls `visit` for every value that the node makes.
void for_each_result(const Node& node, const std::function<void(ValueId)>& visit);

// Replaces reads of values by `replace(id)`, in one node or in one argument.
void rename_uses(Argument& argument, const std::function<ValueId(ValueId)>& replace);
void rename_uses(Node& node, const std::function<ValueId(ValueId)>& replace);

// Number of reads of each value by nodes and graph outputs.
std::vector<int64_t> count_uses(const Program& program);

// Replaces every read of `from`, in nodes and outputs, by `to`.
void replace_value(Program& program, ValueId from, ValueId to);

// The parameters, buffers and constants that nodes read, by value. Shared, not copied.
std::map<ValueId, at::Tensor> tensors_by_value(const Program& program);

// Names of the buffers that a run of the program changes: those it gives as mutations, and the
// statistics that batch norms move while training.
std::set<std::string> changing_buffers(const Program& program);

// Index of the node that makes each value; -1 for graph inputs.
std::vector<int64_t> producers(const Program& program);

// Index of the last node that reads each value; -1 for those that no node reads.
std::vector<int64_t> last_reads(const Program& program);

// Removes nodes whose results nobody reads, and parameters, buffers and constants that no node
// reads (never user inputs, nor buffers that the graph writes). Assertions go too: they check what
// verify() has checked.
void remove_dead_code(Program& program);

// The program with further user outputs, in this order, behind its own: values by name. Throws
// Error{kInternal} for a name that no value has.
Program with_outputs(Program program, const std::vector<std::string>& values);

// Drops values that nothing mentions and renumbers the rest.
void compact_values(Program& program);

}  // namespace maas
