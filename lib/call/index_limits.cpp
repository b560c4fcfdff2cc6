// One walk over the nodes in their order: `parts_` says of which part of which user input a value
// holds the values; a node that hands values on extends it, one that indexes adds a limit.
#include "call/index_limits.h"

#include <c10/core/ScalarType.h>

#include <algorithm>
#include <map>
#include <optional>

#include "program/arguments.h"
#include "program/operator_facts.h"

namespace maas {
namespace {

// The arguments of an operator that indexes, by name.
struct Indexing {
  const char* table;
  const char* index;
  const char* dim;            // "" = dimension 0; "*" = all, flattened
  bool from_the_end = false;  // -1 is the last
};

const std::map<std::string, Indexing>& indexing_operators() {
  static const std::map<std::string, Indexing> table = {
      {"aten::embedding", {"weight", "indices", ""}},
      {"aten::embedding_bag", {"weight", "indices", ""}},
      {"aten::_embedding_bag", {"weight", "indices", ""}},
      {"aten::index_select", {"self", "index", "dim"}},
      {"aten::gather", {"self", "index", "dim"}},
      {"aten::take", {"self", "index", "*", true}},
      {"aten::scatter", {"self", "index", "dim"}},
      {"aten::scatter_add", {"self", "index", "dim"}},
      {"aten::scatter_reduce", {"self", "index", "dim"}},
      {"aten::index_add", {"self", "index", "dim"}},
      {"aten::index_copy", {"self", "index", "dim"}},
      {"aten::index_fill", {"self", "index", "dim", true}},
  };
  return table;
}

template <class T>
const T* argument_of(const Node& node, const char* name) {
  const Argument* argument = node.find(name);
  return argument != nullptr ? std::get_if<T>(argument) : nullptr;
}

ValueId tensor_argument(const Node& node, const char* name) {
  const auto* ref = argument_of<ValueRef>(node, name);
  return ref != nullptr ? ref->id : kNoValue;
}

std::optional<int64_t> known_size(const Dim& dim) {
  return dim.is_symbolic() ? std::nullopt : std::optional(dim.size);
}

std::optional<int64_t> known_elements(const std::vector<Dim>& shape) {
  int64_t count = 1;
  for (const Dim& dim : shape) {
    if (dim.is_symbolic() || __builtin_mul_overflow(count, dim.size, &count)) return std::nullopt;
  }
  return count;
}

// A part of a user input.
struct Part {
  size_t input = 0;
  int64_t dim = -1;  // -1 = all of it
  int64_t begin = 0, end = 0;
};

class Walk {
 public:
  explicit Walk(const Program& program) : program_(program), parts_(program.values.size()) {
    const auto inputs = program.user_inputs();
    limits_.resize(inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i]->value != kNoValue && is_number(inputs[i]->value)) {
        parts_[inputs[i]->value] = Part{.input = i};
      }
    }
  }

  std::vector<std::vector<IndexLimit>> limits() {
    for (const Node& node : program_.nodes) visit(node);
    return std::move(limits_);
  }

 private:
  bool is_number(ValueId id) const {
    const Value& value = program_.value(id);
    return value.kind == ValueKind::kTensor &&
           (c10::isIntegralType(value.dtype, false) || c10::isFloatingType(value.dtype));
  }

  const std::optional<Part>& part_of(ValueId id) const {
    static const std::optional<Part> none;
    return id == kNoValue ? none : parts_[id];
  }

  void visit(const Node& node) {
    if (const OperatorFacts* facts = facts_of(node.op); facts && facts->same_elements) {
      return hand_on(node);
    }
    if (node.op == "aten::select") return take_slice(node, "index");
    if (node.op == "aten::slice") return take_slice(node, "start");
    if (node.op == "aten::index" || node.op == "aten::index_put") return limit_by_position(node);
    if (node.op == "aten::one_hot") return limit_by_classes(node);
    const auto found = indexing_operators().find(node.op);
    if (found != indexing_operators().end()) limit_by(node, found->second);
  }

  void set_result(const Node& node, const std::optional<Part>& part) {
    if (node.outputs.empty() || node.outputs[0].is_list) return;
    const ValueId result = node.outputs[0].ids[0];
    if (result != kNoValue && is_number(result)) parts_[result] = part;
  }

  void hand_on(const Node& node) {
    if (node.arguments.empty()) return;
    const auto* ref = std::get_if<ValueRef>(&node.arguments[0].value);
    if (ref != nullptr) set_result(node, part_of(ref->id));
  }

  // select(self, dim, index) and slice(self, dim, start, end, step) of an input as it came, at
  // places that are numbers. A value that has been reshaped has other dimensions than the input.
  void take_slice(const Node& node, const char* begin_name) {
    const ValueId self = tensor_argument(node, "self");
    const std::optional<Part>& part = part_of(self);
    if (!part || program_.user_inputs()[part->input]->value != self) return;
    const std::vector<Dim>& shape = program_.value(self).shape;
    const bool is_select = node.op == "aten::select";
    const auto* dim = argument_of<int64_t>(node, "dim");
    const auto* begin = argument_of<int64_t>(node, begin_name);
    const auto* end = argument_of<int64_t>(node, "end");
    const auto* step = argument_of<int64_t>(node, "step");
    if ((node.find("dim") != nullptr && dim == nullptr) || (begin == nullptr && is_select)) return;
    if ((node.find("end") != nullptr && end == nullptr) || (step != nullptr && *step != 1)) return;
    const auto rank = static_cast<int64_t>(shape.size());
    Part slice{.input = part->input, .dim = dim != nullptr ? *dim : 0};
    if (slice.dim < 0) slice.dim += rank;
    if (slice.dim < 0 || slice.dim >= rank) return;
    const auto size = known_size(shape[slice.dim]);
    const auto place = [&](int64_t at) { return at < 0 && size ? at + *size : at; };
    slice.begin = place(begin != nullptr ? *begin : 0);
    slice.end = is_select ? slice.begin + 1 : place(end != nullptr ? *end : INT64_MAX);
    if (slice.begin >= 0 && slice.end >= 0) set_result(node, slice);
  }

  void limit_by(const Node& node, const Indexing& indexing) {
    const ValueId table = tensor_argument(node, indexing.table);
    const std::optional<Part>& part = part_of(tensor_argument(node, indexing.index));
    if (table == kNoValue || !part) return;
    const std::vector<Dim>& shape = program_.value(table).shape;
    const std::string dim_name = indexing.dim;
    if (dim_name == "*") {
      return add_limit(*part, known_elements(shape), indexing.from_the_end, name_of(table));
    }
    int64_t dim = 0;
    if (!dim_name.empty()) {
      const auto* number = argument_of<int64_t>(node, indexing.dim);
      if (number == nullptr) return;
      dim = *number < 0 ? *number + static_cast<int64_t>(shape.size()) : *number;
    }
    if (dim < 0 || dim >= static_cast<int64_t>(shape.size())) return;
    add_limit(*part, known_size(shape[dim]), indexing.from_the_end, name_of(table));
  }

  // index(self, [i, None, j]): each integer index belongs to the dimension at its place.
  void limit_by_position(const Node& node) {
    const ValueId table = tensor_argument(node, "self");
    const auto* list = argument_of<ValueList>(node, "indices");
    if (table == kNoValue || list == nullptr) return;
    for (const ValueId id : list->ids) {
      // A mask takes as many dimensions as it has, and moves what follows.
      if (id == kNoValue) continue;
      const at::ScalarType dtype = program_.value(id).dtype;
      if (dtype != at::kLong && dtype != at::kInt) return;
    }
    const std::vector<Dim>& shape = program_.value(table).shape;
    for (size_t i = 0; i < list->ids.size() && i < shape.size(); ++i) {
      if (const auto& part = part_of(list->ids[i])) {
        add_limit(*part, known_size(shape[i]), true, name_of(table));
      }
    }
  }

  void limit_by_classes(const Node& node) {
    const std::optional<Part>& part = part_of(tensor_argument(node, "self"));
    const auto* classes = argument_of<int64_t>(node, "num_classes");
    if (part && classes != nullptr) add_limit(*part, *classes, false, "one_hot");
  }

  void add_limit(const Part& part, std::optional<int64_t> size, bool from_the_end,
                 std::string table) {
    if (!size || *size < 1) return;
    limits_[part.input].push_back(
        {from_the_end ? -*size : 0, *size - 1, std::move(table), part.dim, part.begin, part.end});
  }

  std::string name_of(ValueId id) const {
    for (const GraphInput& input : program_.inputs) {
      if (input.value == id) return input.target;
    }
    return program_.value(id).name;
  }

  const Program& program_;
  std::vector<std::optional<Part>> parts_;  // by value
  std::vector<std::vector<IndexLimit>> limits_;
};

}  // namespace

std::vector<std::vector<IndexLimit>> index_limits(const Program& program) {
  return Walk(program).limits();
}

bool is_indexing_operator(const std::string& op) {
  return indexing_operators().count(op) != 0 || op == "aten::index" || op == "aten::index_put" ||
         op == "aten::one_hot";
}

}  // namespace maas
