// Rows: other shapes of the same elements, parts put together, repetition.
#include <algorithm>
#include <limits>
#include <numeric>

#include "export/onnx/writer.h"
#include "program/arguments.h"

namespace maas {
namespace {

using Ints = std::vector<int64_t>;

// The size of a dimension of the result, as Reshape takes it: a number, 0 = as the input has it at
// the same place, -1 = what is left, or computed from the input or the node's own arguments.
std::vector<std::string> reshape_parts(OnnxWriter& w, const Node& node, ValueId input,
                                       const std::vector<Dim>& to) {
  const std::vector<Dim>& from = w.program().value(input).shape;
  const auto items =
      w.items_of(node, "size").empty() ? w.items_of(node, "shape") : w.items_of(node, "size");
  std::vector<std::string> parts;
  bool inferred = false;
  for (size_t d = 0; d < to.size(); ++d) {
    if (!to[d].is_symbolic()) {
      parts.push_back(w.numbers({to[d].size}));
      continue;
    }
    if (d < from.size() && from[d] == to[d]) {
      parts.push_back(w.numbers({0}));
      continue;
    }
    if (!inferred) {
      inferred = true;
      parts.push_back(w.numbers({-1}));
      continue;
    }
    const auto found = std::find(from.begin(), from.end(), to[d]);
    if (found != from.end()) {
      parts.push_back(w.size_of(input, found - from.begin()));
    } else if (items.size() == to.size() && items[d].value != kNoValue) {
      parts.push_back(w.name_of(items[d].value));
    } else {
      return {};
    }
  }
  return parts;
}

bool is_empty(const std::vector<Dim>& shape) {
  return std::any_of(shape.begin(), shape.end(), [](const Dim& dim) { return dim == Dim(0); });
}

// A constant where every part is one.
bool write_reshape(OnnxWriter& w, const Node& node) {
  const ValueId input = operand_of(node, "self");
  if (input == kNoValue) return false;
  const std::vector<Dim>& from = w.program().value(input).shape;
  const std::vector<Dim>& to = w.result_of(node).shape;
  if (from == to) return w.give(node, w.name_of(input));
  if (is_empty(to)) return false;
  Ints plain;
  int64_t unknown = 0;
  for (size_t d = 0; d < to.size(); ++d) {
    const bool same = d < from.size() && from[d] == to[d];
    const bool is_number = !to[d].is_symbolic();
    unknown += static_cast<int64_t>(!is_number && !same);
    plain.push_back(is_number ? to[d].size : same ? 0 : -1);
  }
  if (unknown <= 1) {
    return w.give(node, w.emit("Reshape", {w.name_of(input), w.numbers(plain)}));
  }
  const auto parts = reshape_parts(w, node, input, to);
  if (parts.empty()) return false;
  const std::string shape = w.emit("Concat", parts, {axis_attribute(0)});
  return w.give(node, w.emit("Reshape", {w.name_of(input), shape}));
}

bool write_expand(OnnxWriter& w, const Node& node) {
  const ValueId input = operand_of(node, "self");
  if (input == kNoValue) return false;
  if (node.op == "aten::expand_as") {
    const std::string shape = w.emit("Shape", {w.operand(node, "other")});
    return w.give(node, w.emit("Expand", {w.name_of(input), shape}));
  }
  if (w.program().value(input).shape == w.result_of(node).shape) {
    return w.give(node, w.name_of(input));
  }
  auto items = w.items_of(node, "size");
  for (IntOrValue& item : items) {
    if (item.value == kNoValue && item.number == -1) item.number = 1;
  }
  return w.give(node, w.emit("Expand", {w.name_of(input), w.sizes(items)}));
}

bool write_order(OnnxWriter& w, const Node& node, const Ints& order) {
  return w.give(node, w.emit("Transpose", {w.operand(node, "self")}, {{"perm", order}}));
}

bool write_permute(OnnxWriter& w, const Node& node) {
  const Value* x = w.value_of(node, "self");
  const auto dims = integers_of(node, "dims", {});
  if (x == nullptr || !dims || dims->size() != x->shape.size()) return false;
  return write_order(w, node, dims_from_front(*dims, x->shape.size()));
}

bool write_transpose(OnnxWriter& w, const Node& node) {
  const Value* x = w.value_of(node, "self");
  if (x == nullptr) return false;
  const size_t rank = x->shape.size();
  if (rank < 2) return w.give(node, w.operand(node, "self"));
  Ints order(rank);
  std::iota(order.begin(), order.end(), 0);
  int64_t a = 0, b = 1;
  if (node.op == "aten::mT") {
    a = static_cast<int64_t>(rank) - 2;
    b = a + 1;
  } else if (node.op != "aten::t") {
    const bool swap = node.op == "aten::swapaxes";
    a = from_front(integer_of(node, swap ? "axis0" : "dim0", 0), rank);
    b = from_front(integer_of(node, swap ? "axis1" : "dim1", 1), rank);
  }
  std::swap(order.at(static_cast<size_t>(a)), order.at(static_cast<size_t>(b)));
  return write_order(w, node, order);
}

bool write_unsqueeze(OnnxWriter& w, const Node& node) {
  const size_t rank = w.result_of(node).shape.size();
  const int64_t dim = from_front(integer_of(node, "dim", 0), rank);
  return w.give(node, w.emit("Unsqueeze", {w.operand(node, "self"), w.numbers({dim})}));
}

// Dimensions of another size than 1 stay; a size that varies is none that goes.
bool write_squeeze(OnnxWriter& w, const Node& node) {
  const Value* x = w.value_of(node, "self");
  if (x == nullptr) return false;
  Ints all(x->shape.size());
  std::iota(all.begin(), all.end(), 0);
  const auto dims = node.overload.empty() ? std::optional(all) : integers_of(node, "dim", {});
  if (!dims) return false;
  Ints gone;
  for (const int64_t dim : dims_from_front(*dims, x->shape.size())) {
    if (x->shape.at(static_cast<size_t>(dim)) == Dim(1)) gone.push_back(dim);
  }
  const std::string input = w.operand(node, "self");
  return w.give(node, gone.empty() ? input : w.emit("Squeeze", {input, w.numbers(gone)}));
}

bool write_cat(OnnxWriter& w, const Node& node) {
  const Argument* tensors = node.find("tensors");
  const auto* list = tensors == nullptr ? nullptr : std::get_if<ValueList>(tensors);
  if (list == nullptr) return false;
  const Value& result = w.result_of(node);
  const int64_t dim = from_front(integer_of(node, "dim", 0), result.shape.size());
  std::vector<std::string> parts;
  for (const ValueId id : list->ids) {
    std::string name = w.name_of(id);
    if (w.program().value(id).dtype != result.dtype) name = w.cast(name, result.dtype);
    if (node.op == "aten::stack") name = w.emit("Unsqueeze", {name, w.numbers({dim})});
    parts.push_back(name);
  }
  return w.give(node, w.emit("Concat", parts, {axis_attribute(dim)}));
}

// Sizes of the parts where they are known.
std::optional<Ints> part_sizes(const Node& node, const Dim& size) {
  if (node.op.find("split_with_sizes") != std::string::npos) {
    return integers_of(node, "split_sizes", {});
  }
  if (node.op == "aten::split" && node.overload == "sizes")
    return integers_of(node, "split_size", {});
  if (size.is_symbolic()) return std::nullopt;
  int64_t each = 0;
  if (node.op.find("chunk") != std::string::npos) {
    const int64_t chunks = std::max<int64_t>(integer_of(node, "chunks", 1), 1);
    each = (size.size + chunks - 1) / chunks;
  } else {
    each = integer_of(node, "split_size", 0);
  }
  if (each <= 0) return std::nullopt;
  Ints sizes;
  for (int64_t left = size.size; left > 0; left -= each) sizes.push_back(std::min(each, left));
  return sizes;
}

bool write_split(OnnxWriter& w, const Node& node) {
  const Value* x = w.value_of(node, "self");
  if (x == nullptr || x->shape.empty() || node.outputs.size() != 1) return false;
  const int64_t dim = from_front(integer_of(node, "dim", 0), x->shape.size());
  const std::vector<ValueId>& ids = node.outputs[0].ids;
  const auto sizes = part_sizes(node, x->shape.at(static_cast<size_t>(dim)));
  if (!sizes || sizes->size() != ids.size()) return false;
  const auto parts = w.emit_many("Split", {w.operand(node, "self"), w.numbers(*sizes)},
                                 {axis_attribute(dim)}, sizes->size());
  for (size_t i = 0; i < ids.size(); ++i) w.give_value(ids[i], parts[i]);
  return true;
}

bool write_unbind(OnnxWriter& w, const Node& node) {
  const Value* x = w.value_of(node, "self");
  if (x == nullptr || x->shape.empty() || node.outputs.size() != 1) return false;
  const int64_t dim = from_front(integer_of(node, "dim", 0), x->shape.size());
  const std::vector<ValueId>& ids = node.outputs[0].ids;
  for (size_t i = 0; i < ids.size(); ++i) {
    const std::string place = w.scalar(static_cast<double>(i), at::kLong);
    w.give_value(ids[i], w.emit("Gather", {w.operand(node, "self"), place}, {axis_attribute(dim)}));
  }
  return true;
}

bool write_repeat(OnnxWriter& w, const Node& node) {
  const Value* x = w.value_of(node, "self");
  if (x == nullptr) return false;
  auto repeats = w.items_of(node, node.op == "aten::tile" ? "dims" : "repeats");
  const size_t rank = x->shape.size();
  std::string input = w.operand(node, "self");
  while (repeats.size() < rank) repeats.insert(repeats.begin(), IntOrValue{1, kNoValue});
  if (repeats.size() > rank) {
    Ints axes(repeats.size() - rank);
    std::iota(axes.begin(), axes.end(), 0);
    input = w.emit("Unsqueeze", {input, w.numbers(axes)});
  }
  return w.give(node, w.emit("Tile", {input, w.sizes(repeats)}));
}

bool write_flip(OnnxWriter& w, const Node& node) {
  const Value* x = w.value_of(node, "self");
  const auto dims = integers_of(node, "dims", {});
  if (x == nullptr || !dims || dims->empty()) return false;
  const Ints axes = dims_from_front(*dims, x->shape.size());
  const Ints starts(axes.size(), -1), steps(axes.size(), -1);
  const Ints ends(axes.size(), std::numeric_limits<int64_t>::min() + 1);
  return w.give(node, w.emit("Slice", {w.operand(node, "self"), w.numbers(starts), w.numbers(ends),
                                       w.numbers(axes), w.numbers(steps)}));
}

// What a roll moves over the end comes in front.
bool write_roll(OnnxWriter& w, const Node& node) {
  const Value* x = w.value_of(node, "self");
  const auto shifts = integers_of(node, "shifts", {});
  const auto dims = integers_of(node, "dims", {});
  if (x == nullptr || !shifts || !dims || shifts->size() != dims->size()) return false;
  std::string y = w.operand(node, "self");
  const std::string begin = w.numbers({0}), end = w.numbers({std::numeric_limits<int64_t>::max()});
  for (size_t i = 0; i < dims->size(); ++i) {
    const int64_t dim = from_front((*dims)[i], x->shape.size());
    const Dim& size = x->shape.at(static_cast<size_t>(dim));
    if (size.is_symbolic() || size.size == 0) return false;
    const int64_t cut = (((-(*shifts)[i]) % size.size) + size.size) % size.size;
    if (cut == 0) continue;
    const std::string at = w.numbers({cut}), axis = w.numbers({dim});
    const std::string front = w.emit("Slice", {y, at, end, axis});
    y = w.emit("Concat", {front, w.emit("Slice", {y, begin, at, axis})}, {axis_attribute(dim)});
  }
  return w.give(node, y);
}

// PyTorch lists the last dimension first, begin and end of each.
bool write_pad(OnnxWriter& w, const Node& node) {
  const Value* x = w.value_of(node, "self");
  const auto pad = integers_of(node, "pad", {});
  const auto padding = pad && !pad->empty() ? pad : integers_of(node, "padding", {});
  if (x == nullptr || !padding || padding->size() % 2 != 0) return false;
  const size_t rank = x->shape.size(), count = padding->size() / 2;
  if (count > rank) return false;
  Ints pads(2 * rank, 0);
  for (size_t i = 0; i < count; ++i) {
    pads[rank - 1 - i] = (*padding)[2 * i];
    pads[2 * rank - 1 - i] = (*padding)[2 * i + 1];
  }
  std::string mode = "constant";
  if (node.op.find("reflection") != std::string::npos) mode = "reflect";
  if (node.op.find("replication") != std::string::npos) mode = "edge";
  if (const Argument* word = node.find("mode")) {
    const auto* text = std::get_if<std::string>(word);
    if (text == nullptr) return false;
    mode = *text == "replicate" ? "edge" : *text;
    if (mode != "constant" && mode != "reflect" && mode != "edge") return false;
  }
  std::vector<std::string> inputs = {w.operand(node, "self"), w.numbers(pads)};
  if (mode == "constant") inputs.push_back(w.scalar(number_of(node, "value", 0), x->dtype));
  return w.give(node, w.emit("Pad", inputs, {{"mode", mode}}));
}

constexpr OperatorRow kRows[] = {
    {"aten::view", write_reshape, nullptr},
    {"aten::_unsafe_view", write_reshape, nullptr},
    {"aten::reshape", write_reshape, nullptr},
    {"aten::view_as", write_reshape, nullptr},
    {"aten::reshape_as", write_reshape, nullptr},
    {"aten::flatten", write_reshape, nullptr},
    {"aten::unflatten", write_reshape, nullptr},
    {"aten::expand", write_expand, nullptr},
    {"aten::expand_as", write_expand, nullptr},
    {"aten::broadcast_to", write_expand, nullptr},
    {"aten::permute", write_permute, nullptr},
    {"aten::transpose", write_transpose, nullptr},
    {"aten::swapaxes", write_transpose, nullptr},
    {"aten::t", write_transpose, nullptr},
    {"aten::mT", write_transpose, nullptr},
    {"aten::unsqueeze", write_unsqueeze, nullptr},
    {"aten::squeeze", write_squeeze, nullptr},
    {"aten::cat", write_cat, nullptr},
    {"aten::concat", write_cat, nullptr},
    {"aten::stack", write_cat, nullptr},
    {"aten::split", write_split, nullptr},
    {"aten::split_with_sizes", write_split, nullptr},
    {"aten::chunk", write_split, nullptr},
    {"aten::unbind", write_unbind, nullptr},
    {"aten::repeat", write_repeat, nullptr},
    {"aten::tile", write_repeat, nullptr},
    {"aten::flip", write_flip, nullptr},
    {"aten::roll", write_roll, nullptr},
    {"aten::pad", write_pad, nullptr},
    {"aten::constant_pad_nd", write_pad, nullptr},
    {"aten::reflection_pad1d", write_pad, nullptr},
    {"aten::reflection_pad2d", write_pad, nullptr},
    {"aten::replication_pad1d", write_pad, nullptr},
    {"aten::replication_pad2d", write_pad, nullptr},
};

}  // namespace

std::span<const OperatorRow> onnx_shape_rows() { return kRows; }

}  // namespace maas
