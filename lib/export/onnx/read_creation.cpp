// Reading: constants, new tensors, sizes of tensors.
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include "base/memory.h"
#include "export/onnx/reader.h"
#include "program/arguments.h"

namespace maas {
namespace {

void read_constant(OnnxReader& r, const OnnxNode& node) {
  if (const OnnxAttribute* value = node.find("value")) {
    const auto* tensor = std::get_if<OnnxTensor>(&value->value);
    if (tensor == nullptr) r.refuse(node, "a value that is no tensor", "a tensor");
    if (tensor->is_external) r.refuse(node, "external data", "numbers in the node");
    return r.give_constant(node, OnnxTensorData(r.place(node)).read(*tensor, available_memory()));
  }
  if (const auto numbers = r.list(node, "value_ints")) {
    return r.give_constant(node, at::tensor(*numbers, at::kLong));
  }
  if (node.find("value_int") != nullptr) {
    return r.give_constant(node, at::tensor(r.integer(node, "value_int", 0), at::kLong));
  }
  if (node.find("value_float") != nullptr) {
    return r.give_constant(node, at::tensor(static_cast<float>(r.real(node, "value_float", 0))));
  }
  const OnnxAttribute* floats = node.find("value_floats");
  const auto* list = floats == nullptr ? nullptr : std::get_if<std::vector<float>>(&floats->value);
  if (list == nullptr) r.refuse(node, "a constant without numbers", "a tensor or numbers");
  r.give_constant(node, at::tensor(*list));
}

void read_shape(OnnxReader& r, const OnnxNode& node) {
  const ValueId x = r.tensor(node, 0);
  const auto rank = static_cast<int64_t>(rank_of(r, x));
  const auto place = [&](int64_t at) {
    return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  const int64_t end = place(r.integer(node, "end", rank));
  SizeList list;
  for (int64_t d = place(r.integer(node, "start", 0)); d < end; ++d) {
    list.items.push_back(r.size_of(x, d));
  }
  r.give_sizes(node, list);
}

void read_count(OnnxReader& r, const OnnxNode& node) {
  const ValueId count = r.call("aten::sym_numel", {self(r.tensor(node, 0))});
  const Dim& number = r.value(count).number;
  r.give_sizes(
      node,
      {{number.is_symbolic() ? IntOrValue{0, count} : IntOrValue{number.size, kNoValue}}, true});
}

void read_constant_of_shape(OnnxReader& r, const OnnxNode& node) {
  const IntList shape = r.size_list(node, 0);
  at::ScalarType dtype = at::kFloat;
  Argument fill = 0.0;
  if (const OnnxAttribute* value = node.find("value")) {
    const auto* tensor = std::get_if<OnnxTensor>(&value->value);
    if (tensor == nullptr || tensor->is_external)
      r.refuse(node, "a value that is no tensor", "one");
    const at::Tensor number = OnnxTensorData(r.place(node)).read(*tensor, 1 << 20);
    if (number.numel() != 1) r.refuse(node, fmt::format("{} values", number.numel()), "one");
    dtype = number.scalar_type();
    if (dtype == at::kBool) {
      fill = number.item<bool>();
    } else if (at::isFloatingType(dtype)) {
      fill = number.to(at::kDouble).item<double>();
    } else {
      fill = number.to(at::kLong).item<int64_t>();
    }
  }
  r.give(node, r.call("aten::full", {{"size", shape}, {"fill_value", fill}, {"dtype", dtype}}));
}

// A constant, or a size of the graph.
Argument range_end(OnnxReader& r, const OnnxNode& node, size_t index) {
  if (const auto constant = r.constant(node, index)) {
    if (constant->numel() != 1) r.refuse(node, "several numbers", "one");
    if (at::isFloatingType(constant->scalar_type()))
      return constant->to(at::kDouble).item<double>();
    return constant->to(at::kLong).item<int64_t>();
  }
  const auto size = r.sizes(node, index);
  if (!size || size->items.size() != 1)
    r.refuse(node, "an end that is computed", "a number or size");
  return ValueRef{size->items[0].value};
}

void read_range(OnnxReader& r, const OnnxNode& node) {
  const auto first = r.constant(node, 0);
  const at::ScalarType dtype = first ? first->scalar_type() : at::kLong;
  r.give(node, r.call("aten::arange.start_step", {{"start", range_end(r, node, 0)},
                                                  {"end", range_end(r, node, 1)},
                                                  {"step", range_end(r, node, 2)},
                                                  {"dtype", dtype}}));
}

void read_one_hot(OnnxReader& r, const OnnxNode& node) {
  const auto depth = r.scalar(node, 1);
  const auto values = r.constant(node, 2);
  const ValueId x = r.tensor(node, 0);
  const int64_t axis = r.integer(node, "axis", -1);
  const bool is_last = axis == -1 || axis == static_cast<int64_t>(rank_of(r, x));
  const bool plain =
      depth && *depth >= 1 && *depth < 1e9 && is_last && values && values->numel() == 2 &&
      values->reshape({2}).to(at::kDouble).equal(at::tensor({0.0, 1.0}, at::kDouble));
  if (!plain)
    r.refuse(node, "computed depth, other values than 0 and 1, or another axis", "the last");
  ValueId index = x;
  if (r.value(x).dtype != at::kLong)
    index = r.call("aten::to.dtype", {self(x), {"dtype", at::kLong}});
  ValueId y = r.call("aten::one_hot", {self(index), {"num_classes", static_cast<int64_t>(*depth)}});
  const at::ScalarType dtype = values->scalar_type();
  if (dtype != at::kLong) y = r.call("aten::to.dtype", {self(y), {"dtype", dtype}});
  r.give(node, y);
}

constexpr ReaderRow kRows[] = {
    {"Constant", read_constant}, {"Shape", read_shape},
    {"Size", read_count},        {"ConstantOfShape", read_constant_of_shape},
    {"Range", read_range},       {"OneHot", read_one_hot}};

}  // namespace

std::span<const ReaderRow> onnx_creation_readers() { return kRows; }

}  // namespace maas
