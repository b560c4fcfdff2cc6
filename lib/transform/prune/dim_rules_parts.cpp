// Operators that take a tensor apart or put tensors together: indices keep their unit, at another
// place.
#include <algorithm>

#include "program/arguments.h"
#include "transform/prune/dim_rule.h"

namespace maas {
namespace {

int64_t counted(int64_t dim, int64_t rank) { return dim < 0 ? dim + rank : dim; }

// Indices [start, start + size of part) of `whole` are those of `part`; other dimensions as they
// are.
void tie_part(NodeDims& d, ValueId whole, ValueId part, int64_t dim, int64_t start) {
  if (part == kNoValue) return;
  for (int64_t i = 0; i < d.rank(whole); ++i) {
    if (i != dim) d.tie(whole, i, part, i);
  }
  d.tie_mapped({part, dim}, {whole, dim}, d.size(part, dim),
               [=](int64_t i) { return std::pair(i, start + i); });
}

const std::vector<ValueId>* tensors_of(const Node& node) {
  const Argument* given = node.find("tensors");
  const auto* list = given == nullptr ? nullptr : std::get_if<ValueList>(given);
  return list == nullptr ? nullptr : &list->ids;
}

bool cat(NodeDims& d) {
  const auto* parts = tensors_of(d.node());
  const ValueId y = d.result();
  if (parts == nullptr || y == kNoValue) return false;
  const int64_t dim = counted(integer_of(d.node(), "dim", 0), d.rank(y));
  int64_t start = 0;
  const bool plain = std::all_of(parts->begin(), parts->end(), [&](ValueId id) {
    return id != kNoValue && d.rank(id) == d.rank(y) && d.size(id, dim) > 0;
  });
  for (const ValueId id : *parts) {
    if (id == kNoValue || d.rank(id) != d.rank(y)) return false;
    if (plain) {
      tie_part(d, y, id, dim, start);
    } else {
      for (int64_t i = 0; i < d.rank(y); ++i) {
        if (i != dim) d.tie(id, i, y, i);
      }
    }
    start += d.size(id, dim);
  }
  return true;
}

bool stack(NodeDims& d) {
  const auto* parts = tensors_of(d.node());
  const ValueId y = d.result();
  if (parts == nullptr || y == kNoValue) return false;
  const int64_t dim = counted(integer_of(d.node(), "dim", 0), d.rank(y));
  for (const ValueId id : *parts) {
    for (int64_t i = 0; id != kNoValue && i < d.rank(id); ++i) d.tie(id, i, y, i < dim ? i : i + 1);
  }
  return true;
}

// Without dimension `dim` in the parts.
bool take_one(NodeDims& d) {
  const ValueId x = d.operand("self");
  if (x == kNoValue) return false;
  const int64_t dim = counted(integer_of(d.node(), "dim", 0), d.rank(x));
  for (const ValueId y : d.results()) {
    for (int64_t i = 0; i < d.rank(y); ++i) d.tie(x, i < dim ? i : i + 1, y, i);
  }
  return true;
}

// Sizes of the parts of a dimension of `size`; empty when the node does not say them in numbers.
std::vector<int64_t> part_sizes(const Node& node, int64_t size) {
  const bool is_chunk = node.op == "aten::chunk";
  const char* name = is_chunk                              ? "chunks"
                     : node.find("split_sizes") != nullptr ? "split_sizes"
                                                           : "split_size";
  const Argument* given = node.find(name);
  if (given == nullptr) return {};
  if (std::holds_alternative<IntList>(*given))
    return integers_of(node, name, {}).value_or(std::vector<int64_t>{});
  const auto* number = std::get_if<int64_t>(given);
  if (number == nullptr || *number < 1) return {};
  const int64_t each = is_chunk ? (size + *number - 1) / *number : *number;
  std::vector<int64_t> sizes;
  for (int64_t start = 0; start < size; start += each)
    sizes.push_back(std::min(each, size - start));
  return sizes;
}

bool split(NodeDims& d) {
  const ValueId x = d.operand("self");
  if (x == kNoValue || d.node().outputs.size() != 1) return false;
  const int64_t dim = counted(integer_of(d.node(), "dim", 0), d.rank(x));
  const std::vector<int64_t> sizes = part_sizes(d.node(), d.size(x, dim));
  const std::vector<ValueId>& parts = d.node().outputs[0].ids;
  if (d.size(x, dim) == 0 || sizes.size() != parts.size()) return false;
  int64_t start = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    tie_part(d, x, parts[i], dim, start);
    start += sizes[i];
  }
  return true;
}

void shrink_split(NodeShrink& s) {
  const ValueId x = s.operand("self");
  const int64_t dim = counted(integer_of(s.node(), "dim", 0), s.rank(x));
  if (!s.has_shrunk(x, dim)) return;
  std::vector<int64_t> sizes = part_sizes(s.node(), s.size_before(x, dim));
  int64_t start = 0;
  for (int64_t& size : sizes) {
    const int64_t end = start + size;
    size = s.kept_before(x, dim, end) - s.kept_before(x, dim, start);
    start = end;
  }
  Node whole;
  whole.op = "aten::split_with_sizes";
  whole.arguments = {
      {"self", ValueRef{x}, false}, {"split_sizes", int_list(sizes), false}, {"dim", dim, false}};
  whole.outputs = std::move(s.node().outputs);
  whole.metadata = std::move(s.node().metadata);
  s.node() = std::move(whole);
}

// [start, end) of a dimension of a plain size, with a step of 1.
struct Range {
  int64_t dim = 0, start = 0, end = 0;
};

std::optional<Range> range_of(const Node& node, int64_t rank, int64_t size) {
  Range range{.dim = counted(integer_of(node, "dim", 0), rank), .end = size};
  const auto bound = [&](const char* name, int64_t& to) {
    const Argument* given = node.find(name);
    if (given == nullptr || std::holds_alternative<None>(*given)) return true;
    const auto* number = std::get_if<int64_t>(given);
    if (number == nullptr) return false;
    to = std::clamp<int64_t>(*number < 0 ? *number + size : *number, 0, size);
    return true;
  };
  if (!bound("start", range.start) || !bound("end", range.end)) return std::nullopt;
  const bool is_narrow = node.find("length") != nullptr;
  if (is_narrow) range.end = std::min(range.start + integer_of(node, "length", -1), size);
  if (integer_of(node, "step", 1) != 1 || range.end < range.start) return std::nullopt;
  return range;
}

bool slice(NodeDims& d) {
  const ValueId x = d.operand("self"), y = d.result();
  if (x == kNoValue || d.rank(x) == 0) return false;
  const int64_t dim = counted(integer_of(d.node(), "dim", 0), d.rank(x)), size = d.size(x, dim);
  const auto range = size == 0 ? std::nullopt : range_of(d.node(), d.rank(x), size);
  if (range && d.size(y, dim) == range->end - range->start) {
    tie_part(d, x, y, dim, range->start);
    return true;
  }
  for (int64_t i = 0; i < d.rank(x); ++i) {
    if (i != dim) d.tie(x, i, y, i);
  }
  return true;
}

void shrink_slice(NodeShrink& s) {
  const ValueId x = s.operand("self");
  const int64_t dim = counted(integer_of(s.node(), "dim", 0), s.rank(x));
  if (!s.has_shrunk(x, dim)) return;
  const auto range = range_of(s.node(), s.rank(x), s.size_before(x, dim));
  if (!range) return;
  const int64_t start = s.kept_before(x, dim, range->start);
  const int64_t end = s.kept_before(x, dim, range->end);
  s.node().set("start", start);
  if (s.node().find("length") != nullptr) {
    s.node().set("length", end - start);
  } else {
    s.node().set("end", end);
  }
}

bool index_select(NodeDims& d) {
  const ValueId x = d.operand("self");
  if (x == kNoValue) return false;
  const int64_t dim = counted(integer_of(d.node(), "dim", 0), d.rank(x));
  for (int64_t i = 0; i < d.rank(x); ++i) {
    if (i != dim) d.tie(x, i, d.result(), i);
  }
  return true;
}

// A number that later nodes compute with: the size must stay.
bool size_of(NodeDims& d) {
  const ValueId x = d.operand("self");
  if (x == kNoValue) return false;
  d.leave(x);
  d.position(x, integer_of(d.node(), "dim", 0));
  return true;
}

}  // namespace

std::vector<DimRuleRow> part_dim_rules() {
  return {
      {"cat concat", {cat}},
      {"stack", {stack}},
      {"unbind select select_copy", {take_one}},
      {"split split_with_sizes chunk split_copy split_with_sizes_copy", {split, shrink_split}},
      {"slice slice_copy narrow narrow_copy", {slice, shrink_slice}},
      {"index_select", {index_select}},
      {"sym_size", {size_of}},
  };
}

}  // namespace maas
