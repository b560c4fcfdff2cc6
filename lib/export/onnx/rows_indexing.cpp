// Rows: parts of a tensor by place.
#include <limits>

#include "export/onnx/writer.h"
#include "program/arguments.h"

namespace maas {
namespace {

constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();

// A number, a size of the graph, or what stands for None.
std::string size_or(OnnxWriter& w, const Node& node, const std::string& name, int64_t otherwise) {
  const auto items = w.items_of(node, name);
  return items.size() == 1 ? w.size(items[0]) : w.numbers({otherwise});
}

bool write_slice(OnnxWriter& w, const Node& node) {
  const Value* x = w.value_of(node, "self");
  if (x == nullptr || x->shape.empty()) return false;
  const int64_t dim = from_front(integer_of(node, "dim", 0), x->shape.size());
  const int64_t step = integer_of(node, "step", 1);
  const auto start = w.items_of(node, "start"), end = w.items_of(node, "end");
  const bool from_begin = start.empty() || start[0] == IntOrValue{0, kNoValue};
  const bool to_end = end.empty() || end[0] == IntOrValue{kEnd, kNoValue};
  const std::string input = w.operand(node, "self");
  if (from_begin && to_end && step == 1) return w.give(node, input);
  return w.give(node,
                w.emit("Slice", {input, size_or(w, node, "start", 0), size_or(w, node, "end", kEnd),
                                 w.numbers({dim}), w.numbers({step})}));
}

bool write_narrow(OnnxWriter& w, const Node& node) {
  const Value* x = w.value_of(node, "self");
  if (x == nullptr || x->shape.empty()) return false;
  const int64_t dim = from_front(integer_of(node, "dim", 0), x->shape.size());
  const std::string start = size_or(w, node, "start", 0);
  const std::string end = w.emit("Add", {start, size_or(w, node, "length", 0)});
  return w.give(node, w.emit("Slice", {w.operand(node, "self"), start, end, w.numbers({dim})}));
}

bool write_select(OnnxWriter& w, const Node& node) {
  const Value* x = w.value_of(node, "self");
  const auto index = w.items_of(node, "index");
  if (x == nullptr || x->shape.empty() || index.size() != 1) return false;
  const int64_t dim = from_front(integer_of(node, "dim", 0), x->shape.size());
  const std::string place = index[0].value == kNoValue
                                ? w.scalar(static_cast<double>(index[0].number), at::kLong)
                                : w.scalar_of(w.size(index[0]));
  return w.give(node, w.emit("Gather", {w.operand(node, "self"), place}, {axis_attribute(dim)}));
}

bool write_index_select(OnnxWriter& w, const Node& node) {
  const Value* x = w.value_of(node, "self");
  const Value* index = w.value_of(node, "index");
  if (x == nullptr || index == nullptr || index->shape.size() != 1) return false;
  const int64_t dim = from_front(integer_of(node, "dim", 0), x->shape.size());
  return w.give(node, w.emit("Gather", {w.operand(node, "self"), w.operand(node, "index")},
                             {axis_attribute(dim)}));
}

bool write_gather(OnnxWriter& w, const Node& node) {
  const Value* x = w.value_of(node, "self");
  if (x == nullptr || x->shape.empty()) return false;
  const int64_t dim = from_front(integer_of(node, "dim", 0), x->shape.size());
  return w.give(node, w.emit("GatherElements", {w.operand(node, "self"), w.operand(node, "index")},
                             {axis_attribute(dim)}));
}

// Indices of one shape for the leading dimensions, side by side.
std::string together(OnnxWriter& w, const std::vector<std::string>& indices) {
  std::string zero = w.scalar(0, at::kLong);
  std::string nothing;
  for (const std::string& index : indices) {
    const std::string part = w.emit("Mul", {index, zero});
    nothing = nothing.empty() ? part : w.emit("Add", {nothing, part});
  }
  std::vector<std::string> columns;
  for (const std::string& index : indices) {
    const std::string wide = w.emit("Add", {index, nothing});
    columns.push_back(w.emit("Unsqueeze", {wide, w.numbers({-1})}));
  }
  return w.emit("Concat", columns, {axis_attribute(-1)});
}

// One index anywhere, or several for the first dimensions; truth values choose as many elements as
// they will and are refused.
bool write_index(OnnxWriter& w, const Node& node) {
  const Argument* given = node.find("indices");
  const auto* list = given == nullptr ? nullptr : std::get_if<ValueList>(given);
  if (list == nullptr) return false;
  std::vector<std::string> indices;
  int64_t first = -1, last = -1;
  for (size_t i = 0; i < list->ids.size(); ++i) {
    const ValueId id = list->ids[i];
    if (id == kNoValue) continue;
    const Value& index = w.program().value(id);
    if (index.dtype == at::kBool || index.dtype == at::kByte) return false;
    if (first < 0) first = static_cast<int64_t>(i);
    last = static_cast<int64_t>(i);
    indices.push_back(index.dtype == at::kLong ? w.name_of(id) : w.cast(w.name_of(id), at::kLong));
  }
  const std::string input = w.operand(node, "self");
  if (indices.size() == 1) {
    return w.give(node, w.emit("Gather", {input, indices[0]}, {axis_attribute(first)}));
  }
  if (indices.empty() || first != 0 || last + 1 != static_cast<int64_t>(indices.size()))
    return false;
  return w.give(node, w.emit("GatherND", {input, together(w, indices)}));
}

bool write_triangle(OnnxWriter& w, const Node& node) {
  const std::string diagonal =
      w.scalar(static_cast<double>(integer_of(node, "diagonal", 0)), at::kLong);
  return w.give(node, w.emit("Trilu", {w.operand(node, "self"), diagonal},
                             {{"upper", static_cast<int64_t>(node.op == "aten::triu")}}));
}

// Differences of neighbours, as often as is asked.
bool write_difference(OnnxWriter& w, const Node& node) {
  const Value* x = w.value_of(node, "self");
  if (x == nullptr || x->shape.empty() || integer_of(node, "n", 1) != 1) return false;
  if (x->dtype == at::kBool) return false;
  const int64_t dim = from_front(integer_of(node, "dim", -1), x->shape.size());
  std::vector<std::string> parts;
  for (const char* name : {"prepend", "self", "append"}) {
    const std::string part = w.operand(node, name);
    if (!part.empty()) parts.push_back(part);
  }
  const std::string all =
      parts.size() == 1 ? parts[0] : w.emit("Concat", parts, {axis_attribute(dim)});
  const std::string axis = w.numbers({dim});
  const std::string later = w.emit("Slice", {all, w.numbers({1}), w.numbers({kEnd}), axis});
  const std::string earlier = w.emit("Slice", {all, w.numbers({0}), w.numbers({-1}), axis});
  return w.give(node, w.emit("Sub", {later, earlier}));
}

constexpr OperatorRow kRows[] = {
    {"aten::slice", write_slice, nullptr},     {"aten::narrow", write_narrow, nullptr},
    {"aten::select", write_select, nullptr},   {"aten::index_select", write_index_select, nullptr},
    {"aten::gather", write_gather, nullptr},   {"aten::index", write_index, nullptr},
    {"aten::tril", write_triangle, nullptr},   {"aten::triu", write_triangle, nullptr},
    {"aten::diff", write_difference, nullptr},
};

}  // namespace

std::span<const OperatorRow> onnx_indexing_rows() { return kRows; }

}  // namespace maas
