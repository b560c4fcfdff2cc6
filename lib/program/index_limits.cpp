// One walk over the nodes in their order: `origin` says of which user input a value holds the
// values; a node that hands values on extends it, one that indexes narrows the input's limit.
#include "program/index_limits.h"

#include <c10/core/ScalarType.h>

#include <algorithm>
#include <map>

namespace maas {
namespace {

// Arguments by name, as in the operator's schema.
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
      {"aten::take_along_dim", {"self", "indices", "dim"}},
      {"aten::take", {"self", "index", "*", true}},
      {"aten::scatter", {"self", "index", "dim"}},
      {"aten::scatter_add", {"self", "index", "dim"}},
      {"aten::scatter_reduce", {"self", "index", "dim"}},
      {"aten::index_add", {"self", "index", "dim"}},
      {"aten::index_copy", {"self", "index", "dim"}},
      {"aten::index_fill", {"self", "index", "dim"}},
  };
  return table;
}

// The first argument's values, all of them and no others.
bool hands_values_on(const std::string& op) {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const char* name : {"view",          "_unsafe_view", "view_as",     "view_copy",
                             "reshape",       "reshape_as",   "flatten",     "unflatten",
                             "ravel",         "unsqueeze",    "squeeze",     "squeeze_copy",
                             "permute",       "permute_copy", "transpose",   "t",
                             "t_copy",        "movedim",      "moveaxis",    "swapaxes",
                             "swapdims",      "numpy_T",      "mT",          "contiguous",
                             "clone",         "detach",       "detach_copy", "alias",
                             "alias_copy",    "to",           "_to_copy",    "long",
                             "int",           "type_as",      "repeat",      "tile",
                             "flip",          "roll",         "lift_fresh",  "lift_fresh_copy",
                             "expand",        "expand_copy",  "expand_as",   "broadcast_to",
                             "atleast_1d",    "atleast_2d",   "identity",    "unsqueeze_copy",
                             "transpose_copy"}) {
      list.push_back(std::string("aten::") + name);
    }
    std::sort(list.begin(), list.end());
    return list;
  }();
  return std::binary_search(names.begin(), names.end(), op);
}

class Walk {
 public:
  explicit Walk(const Program& program) : program_(program), origin_(program.values.size(), -1) {
    const auto inputs = program.user_inputs();
    limits_.resize(inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i]->value == kNoValue || !is_integer(inputs[i]->value)) continue;
      origin_[static_cast<size_t>(inputs[i]->value)] = static_cast<int64_t>(i);
    }
  }

  std::vector<std::optional<IndexLimit>> limits() {
    for (const Node& node : program_.nodes) visit(node);
    return std::move(limits_);
  }

 private:
  bool is_integer(ValueId id) const {
    const Value& value = program_.value(id);
    return value.kind == ValueKind::kTensor && c10::isIntegralType(value.dtype, false);
  }

  void visit(const Node& node) {
    if (hands_values_on(node.op)) return hand_on(node);
    if (node.op == "aten::index" || node.op == "aten::index_put") return limit_by_position(node);
    if (node.op == "aten::one_hot") return limit_by_classes(node);
    const auto found = indexing_operators().find(node.op);
    if (found != indexing_operators().end()) limit_by(node, found->second);
  }

  static ValueId tensor_argument(const Node& node, const std::string& name) {
    const Argument* argument = node.find(name);
    const auto* ref = argument != nullptr ? std::get_if<ValueRef>(argument) : nullptr;
    return ref != nullptr ? ref->id : kNoValue;
  }

  int64_t origin_of(ValueId id) const {
    return id == kNoValue ? -1 : origin_[static_cast<size_t>(id)];
  }

  void hand_on(const Node& node) {
    const auto* ref =
        node.arguments.empty() ? nullptr : std::get_if<ValueRef>(&node.arguments[0].value);
    if (ref == nullptr || node.outputs.empty() || node.outputs[0].is_list) return;
    const ValueId result = node.outputs[0].ids[0];
    if (result != kNoValue && is_integer(result)) {
      origin_[static_cast<size_t>(result)] = origin_of(ref->id);
    }
  }

  void limit_by(const Node& node, const Indexing& indexing) {
    const ValueId table = tensor_argument(node, indexing.table);
    const ValueId index = tensor_argument(node, indexing.index);
    if (table == kNoValue || origin_of(index) < 0) return;
    const std::vector<Dim>& shape = program_.value(table).shape;
    const std::string dim_name = indexing.dim;
    if (dim_name == "*") return narrow(index, elements_of(shape), indexing.from_the_end, table);
    int64_t dim = 0;
    if (!dim_name.empty()) {
      const Argument* argument = node.find(dim_name);
      const auto* number = argument != nullptr ? std::get_if<int64_t>(argument) : nullptr;
      if (number == nullptr) return;
      dim = *number < 0 ? *number + static_cast<int64_t>(shape.size()) : *number;
    }
    if (dim < 0 || dim >= static_cast<int64_t>(shape.size())) return;
    narrow(index, known_size(shape[static_cast<size_t>(dim)]), indexing.from_the_end, table);
  }

  // index(self, [i, None, j]): each integer index belongs to the dimension at its place.
  void limit_by_position(const Node& node) {
    const ValueId table = tensor_argument(node, "self");
    const Argument* argument = node.find("indices");
    const auto* list = argument != nullptr ? std::get_if<ValueList>(argument) : nullptr;
    if (table == kNoValue || list == nullptr) return;
    for (const ValueId id : list->ids) {
      // A mask takes as many dimensions as it has, and moves what follows.
      if (id != kNoValue && !is_index(program_.value(id).dtype)) return;
    }
    const std::vector<Dim>& shape = program_.value(table).shape;
    for (size_t i = 0; i < list->ids.size() && i < shape.size(); ++i) {
      if (origin_of(list->ids[i]) >= 0) narrow(list->ids[i], known_size(shape[i]), true, table);
    }
  }

  void limit_by_classes(const Node& node) {
    const ValueId index = tensor_argument(node, "self");
    const Argument* argument = node.find("num_classes");
    const auto* classes = argument != nullptr ? std::get_if<int64_t>(argument) : nullptr;
    if (origin_of(index) < 0 || classes == nullptr || *classes < 1) return;
    narrow(index, *classes, false, node.outputs[0].ids[0]);
  }

  static bool is_index(at::ScalarType dtype) { return dtype == at::kLong || dtype == at::kInt; }

  static std::optional<int64_t> known_size(const Dim& dim) {
    return dim.is_symbolic() ? std::nullopt : std::optional(dim.size);
  }

  static std::optional<int64_t> elements_of(const std::vector<Dim>& shape) {
    int64_t count = 1;
    for (const Dim& dim : shape) {
      if (dim.is_symbolic() || __builtin_mul_overflow(count, dim.size, &count)) return std::nullopt;
    }
    return count;
  }

  void narrow(ValueId index, std::optional<int64_t> size, bool from_the_end, ValueId table) {
    if (!size || *size < 1) return;
    const IndexLimit found{from_the_end ? -*size : 0, *size - 1, name_of(table)};
    std::optional<IndexLimit>& limit = limits_[static_cast<size_t>(origin_of(index))];
    if (!limit) {
      limit = found;
      return;
    }
    if (found.highest < limit->highest) limit->table = found.table;
    limit->lowest = std::max(limit->lowest, found.lowest);
    limit->highest = std::min(limit->highest, found.highest);
  }

  std::string name_of(ValueId id) const {
    for (const GraphInput& input : program_.inputs) {
      if (input.value == id) return input.target;
    }
    return id == kNoValue ? "" : program_.value(id).name;
  }

  const Program& program_;
  std::vector<int64_t> origin_;  // of each value: a user input's position, or -1
  std::vector<std::optional<IndexLimit>> limits_;
};

}  // namespace

std::vector<std::optional<IndexLimit>> index_limits(const Program& program) {
  return Walk(program).limits();
}

}  // namespace maas
