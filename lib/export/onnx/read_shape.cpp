// Reading: other shapes of the same elements, parts put together, repetition.
#include <fmt/format.h>

#include <algorithm>

#include "export/onnx/reader.h"
#include "program/arguments.h"

namespace maas {
namespace {

using Ints = std::vector<int64_t>;

// Axes of Squeeze and Unsqueeze, counted from the front of `rank` dimensions, in rising order.
Ints sorted_axes(OnnxReader& r, const OnnxNode& node, size_t rank) {
  Ints axes = r.integers(node, 1);
  for (int64_t& axis : axes) axis = front_dim(r, node, axis, rank);
  std::sort(axes.begin(), axes.end());
  if (std::adjacent_find(axes.begin(), axes.end()) != axes.end()) {
    r.refuse(node, "an axis twice", "each once");
  }
  return axes;
}

// Sizes, or a constant that may be some.
bool is_size_list(const OnnxReader& r, const OnnxNode& node) {
  return r.sizes(node, 0).has_value();
}

// 0 is the input's own size; one size that varies is what is left.
void read_reshape(OnnxReader& r, const OnnxNode& node) {
  if (is_size_list(r, node) && r.constant(node, 1)) {
    SizeList list = *r.sizes(node, 0);
    const Ints shape = r.integers(node, 1);
    if (shape.size() <= 1) {
      list.is_scalar = shape.empty();
      return r.give_sizes(node, list);
    }
  }
  const ValueId x = r.tensor(node, 0);
  IntList shape = r.size_list(node, 1);
  const bool keeps_zero = r.integer(node, "allowzero", 0) != 0;
  int64_t varying = 0, inferred = 0;
  for (size_t d = 0; d < shape.items.size(); ++d) {
    IntOrValue& item = shape.items[d];
    const bool is_copy = item == IntOrValue{0, kNoValue} && !keeps_zero;
    if (is_copy && d >= rank_of(r, x)) {
      r.refuse(node, fmt::format("copies size {} of {}", d, to_text(r.value(x).shape)),
               "one of it");
    }
    if (is_copy) item = r.size_of(x, static_cast<int64_t>(d));
    inferred += static_cast<int64_t>(item == IntOrValue{-1, kNoValue});
    varying += static_cast<int64_t>(item.value != kNoValue);
  }
  if (inferred == 0 && varying == 1) {
    for (IntOrValue& item : shape.items) {
      if (item.value != kNoValue) item = {-1, kNoValue};
    }
  }
  r.give(node, r.call("aten::reshape", {self(x), {"shape", shape}}));
}

void read_flatten(OnnxReader& r, const OnnxNode& node) {
  ValueId x = r.tensor(node, 0);
  const size_t rank = rank_of(r, x);
  int64_t axis = r.integer(node, "axis", 1);
  if (axis != static_cast<int64_t>(rank)) axis = front_dim(r, node, axis, rank);
  if (axis == 0) {
    return r.give(node, r.call("aten::reshape", {self(x), {"shape", int_list({1, -1})}}));
  }
  if (axis == static_cast<int64_t>(rank)) {
    return r.give(node, r.call("aten::reshape", {self(x), {"shape", int_list({-1, 1})}}));
  }
  if (axis > 1) {
    x = r.call("aten::flatten.using_ints",
               {self(x), {"start_dim", int64_t{0}}, {"end_dim", axis - 1}});
  }
  r.give(node, r.call("aten::flatten.using_ints", {self(x), {"start_dim", int64_t{1}}}));
}

void read_transpose(OnnxReader& r, const OnnxNode& node) {
  const ValueId x = r.tensor(node, 0);
  const auto rank = static_cast<int64_t>(rank_of(r, x));
  Ints order;
  for (int64_t d = rank; d-- > 0;) order.push_back(d);
  order = r.list(node, "perm").value_or(order);
  OnnxValue value;
  value.id = r.call("aten::permute", {self(x), {"dims", int_list(order)}});
  if (order == Ints{1, 0}) value.transposed = node.inputs[0];
  r.give_value(node, value);
}

void read_squeeze(OnnxReader& r, const OnnxNode& node) {
  if (is_size_list(r, node)) {
    SizeList list = *r.sizes(node, 0);
    list.is_scalar = list.items.size() == 1;
    return r.give_sizes(node, list);
  }
  const ValueId x = r.tensor(node, 0);
  if (!r.has(node, 1)) return r.give(node, r.call("aten::squeeze", {self(x)}));
  const Ints axes = sorted_axes(r, node, rank_of(r, x));
  for (const int64_t axis : axes) {
    if (!(r.value(x).shape[static_cast<size_t>(axis)] == Dim(1))) {
      r.refuse(node, fmt::format("axis {} of {}", axis, to_text(r.value(x).shape)), "a size of 1");
    }
  }
  r.give(node, r.call("aten::squeeze.dims", {self(x), {"dim", int_list(axes)}}));
}

void read_unsqueeze(OnnxReader& r, const OnnxNode& node) {
  if (is_size_list(r, node) && r.sizes(node, 0)->is_scalar && r.integers(node, 1).size() == 1) {
    SizeList list = *r.sizes(node, 0);
    list.is_scalar = false;
    return r.give_sizes(node, list);
  }
  ValueId x = r.tensor(node, 0);
  const size_t rank = rank_of(r, x) + r.integers(node, 1).size();
  for (const int64_t axis : sorted_axes(r, node, rank)) {
    x = r.call("aten::unsqueeze", {self(x), {"dim", axis}});
  }
  r.give(node, x);
}

// Sizes and plain integers next to each other are sizes.
bool read_concat_as_sizes(OnnxReader& r, const OnnxNode& node) {
  SizeList all;
  bool any = false;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const auto part = r.sizes(node, i);
    if (!part || part->is_scalar) return false;
    const OnnxValue* value = r.look(node, i);
    any = any || value->sizes.has_value();
    all.items.insert(all.items.end(), part->items.begin(), part->items.end());
  }
  if (!any || all.items.size() > 64) return false;
  r.give_sizes(node, all);
  return true;
}

void read_concat(OnnxReader& r, const OnnxNode& node) {
  if (node.inputs.empty()) r.refuse(node, "has no inputs", "one or more");
  if (read_concat_as_sizes(r, node)) return;
  ValueList parts;
  for (size_t i = 0; i < node.inputs.size(); ++i) parts.ids.push_back(r.tensor(node, i));
  r.give(node, r.call("aten::cat", {{"tensors", parts}, {"dim", r.integer(node, "axis", 0)}}));
}

// Parts by size; without sizes as many equal ones as there are outputs, the last smaller.
void read_split(OnnxReader& r, const OnnxNode& node) {
  const ValueId x = r.tensor(node, 0);
  const int64_t dim = front_dim(r, node, r.integer(node, "axis", 0), rank_of(r, x));
  const auto count = static_cast<int64_t>(node.outputs.size());
  Ints sizes;
  if (r.has(node, 1)) {
    sizes = r.integers(node, 1);
  } else {
    const Dim size = r.value(x).shape[static_cast<size_t>(dim)];
    if (size.is_symbolic() || count == 0) r.refuse(node, "equal parts of what varies", "sizes");
    const int64_t each = (size.size + count - 1) / count;
    for (int64_t i = 0; i < count; ++i) {
      sizes.push_back(std::clamp<int64_t>(size.size - i * each, 0, each));
    }
  }
  if (sizes.size() != node.outputs.size()) r.refuse(node, "sizes of other parts", "one an output");
  int64_t begin = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] < 0) r.refuse(node, fmt::format("a part of {}", sizes[i]), "at least 0");
    const int64_t end = begin + std::min<int64_t>(sizes[i], int64_t{1} << 40);
    r.give(node,
           r.call("aten::slice.Tensor", {self(x), {"dim", dim}, {"start", begin}, {"end", end}}),
           i);
    begin = end;
  }
}

// Broadcasts both ways: a size of the input that is not 1 stays.
void read_expand(OnnxReader& r, const OnnxNode& node) {
  IntList shape = r.size_list(node, 1);
  const auto number = r.constant(node, 0);
  if (number && number->numel() == 1 && static_cast<size_t>(number->dim()) <= shape.items.size()) {
    const Argument fill = number->scalar_type() == at::kBool ? Argument(number->item<bool>())
                          : at::isFloatingType(number->scalar_type())
                              ? Argument(number->item<double>())
                              : Argument(number->item<int64_t>());
    r.give(node, r.call("aten::full",
                        {{"size", shape}, {"fill_value", fill}, {"dtype", number->scalar_type()}}));
    return;
  }
  const ValueId x = r.tensor(node, 0);
  const size_t rank = rank_of(r, x);
  while (shape.items.size() < rank) shape.items.insert(shape.items.begin(), {1, kNoValue});
  const size_t added = shape.items.size() - rank;
  for (size_t d = 0; d < rank; ++d) {
    if (!(r.value(x).shape[d] == Dim(1))) shape.items[added + d] = {-1, kNoValue};
  }
  r.give(node, r.call("aten::expand", {self(x), {"size", shape}}));
}

void read_tile(OnnxReader& r, const OnnxNode& node) {
  r.give(node,
         r.call("aten::repeat", {self(r.tensor(node, 0)), {"repeats", r.size_list(node, 1)}}));
}

void read_pad(OnnxReader& r, const OnnxNode& node) {
  const ValueId x = r.tensor(node, 0);
  const Ints pads = r.integers(node, 1);
  const size_t rank = rank_of(r, x);
  if (r.has(node, 3)) r.refuse(node, "axes of its own", "pads for all dimensions");
  if (pads.size() != 2 * rank)
    r.refuse(node, fmt::format("{} pads", pads.size()), std::to_string(2 * rank));
  Ints around;
  for (size_t d = rank; d-- > 0;) {
    around.push_back(pads[d]);
    around.push_back(pads[d + rank]);
  }
  while (around.size() > 2 && around[around.size() - 1] == 0 && around[around.size() - 2] == 0) {
    around.resize(around.size() - 2);
  }
  const std::string mode = r.text(node, "mode", "constant");
  std::vector<Operand> operands = {self(x), {"pad", int_list(around)}};
  if (mode == "constant") {
    if (r.has(node, 2) && !r.scalar(node, 2)) r.refuse(node, "a computed value", "a constant");
    operands.push_back({"value", r.scalar(node, 2).value_or(0)});
    return r.give(node, r.call("aten::constant_pad_nd", operands));
  }
  operands.push_back({"mode", std::string(mode == "edge" ? "replicate" : mode)});
  r.give(node, r.call("aten::pad", operands));
}

void read_trilu(OnnxReader& r, const OnnxNode& node) {
  const auto diagonal = r.has(node, 1) ? r.scalar(node, 1) : std::optional(0.0);
  if (!diagonal || std::abs(*diagonal) > 1e9) r.refuse(node, "a computed diagonal", "a constant");
  const char* op = r.integer(node, "upper", 1) != 0 ? "aten::triu" : "aten::tril";
  r.give(node,
         r.call(op, {self(r.tensor(node, 0)), {"diagonal", static_cast<int64_t>(*diagonal)}}));
}

constexpr ReaderRow kRows[] = {
    {"Reshape", read_reshape}, {"Flatten", read_flatten},     {"Transpose", read_transpose},
    {"Squeeze", read_squeeze}, {"Unsqueeze", read_unsqueeze}, {"Concat", read_concat},
    {"Split", read_split},     {"Expand", read_expand},       {"Tile", read_tile},
    {"Pad", read_pad},         {"Trilu", read_trilu}};

}  // namespace

std::span<const ReaderRow> onnx_shape_readers() { return kRows; }

}  // namespace maas
