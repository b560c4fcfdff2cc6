// Rows: new tensors, sizes of tensors, arithmetic on sizes.
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>

#include <map>

#include "export/onnx/writer.h"
#include "program/arguments.h"

namespace maas {
namespace {

constexpr int64_t kMostInline = 4096;  // elements of a constant that is written out

double fill_of(const Node& node) {
  if (node.op.find("ones") != std::string::npos) return 1;
  if (node.op.find("full") == std::string::npos) return 0;
  if (const Argument* flag = node.find("fill_value")) {
    if (const auto* truth = std::get_if<bool>(flag)) return *truth ? 1 : 0;
  }
  return number_of(node, "fill_value", 0);
}

std::string fill_name(OnnxWriter& w, const Node& node, at::ScalarType dtype) {
  const bool is_value = operand_of(node, "fill_value") != kNoValue;
  return is_value ? w.as_type(node, "fill_value", dtype) : w.scalar(fill_of(node), dtype);
}

bool write_filled(OnnxWriter& w, const Node& node) {
  const Value& result = w.result_of(node);
  const std::string value = fill_name(w, node, result.dtype);
  const auto items = w.items_of(node, "size");
  if (items.empty() && result.shape.empty()) return w.give(node, value);
  const std::string sizes = w.sizes(items);
  return w.give(node, w.emit("Expand", {value, sizes}));
}

bool write_filled_like(OnnxWriter& w, const Node& node) {
  const Value& result = w.result_of(node);
  const std::string value = fill_name(w, node, result.dtype);
  if (result.shape.empty()) return w.give(node, value);
  const std::string sizes = w.emit("Shape", {w.operand(node, "self")});
  return w.give(node, w.emit("Expand", {value, sizes}));
}

bool write_scalar_tensor(OnnxWriter& w, const Node& node) {
  return w.give(node, w.as_type(node, "s", w.result_of(node).dtype));
}

bool write_arange(OnnxWriter& w, const Node& node) {
  const Value& result = w.result_of(node);
  const bool symbolic = operand_of(node, "start") != kNoValue ||
                        operand_of(node, "end") != kNoValue || operand_of(node, "step") != kNoValue;
  const double start = number_of(node, "start", 0), step = number_of(node, "step", 1);
  if (!symbolic && result.shape.size() == 1 && result.shape[0].size <= kMostInline) {
    return w.give(node, w.constant(at::arange(start, number_of(node, "end", 0), step,
                                              at::TensorOptions().dtype(result.dtype))));
  }
  const auto part = [&](const char* name, double otherwise) {
    return node.find(name) == nullptr ? w.scalar(otherwise, result.dtype)
                                      : w.as_type(node, name, result.dtype);
  };
  return w.give(node, w.emit("Range", {part("start", 0), part("end", 0), part("step", 1)}));
}

// A class outside of the range is an error in PyTorch and a row of zeros here.
bool write_one_hot(OnnxWriter& w, const Node& node) {
  const int64_t classes = integer_of(node, "num_classes", -1);
  if (classes < 1) return false;
  return w.give(node, w.emit("OneHot",
                             {w.operand(node, "self"), w.numbers({classes}),
                              w.constant(at::tensor(std::vector<int64_t>{0, 1}, at::kLong))},
                             {axis_attribute(-1)}));
}

bool write_size(OnnxWriter& w, const Node& node) {
  const ValueId id = operand_of(node, "self");
  if (id == kNoValue) return false;
  const size_t rank = w.program().value(id).shape.size();
  return w.give(node, w.size_of(id, from_front(integer_of(node, "dim", 0), rank)));
}

bool write_count(OnnxWriter& w, const Node& node) {
  const std::string count = w.emit("Size", {w.operand(node, "self")});
  return w.give(node, w.emit("Reshape", {count, w.numbers({1})}));
}

// An operand of arithmetic on sizes, [1].
std::string size_operand(OnnxWriter& w, const NamedArgument& argument) {
  if (const auto* ref = std::get_if<ValueRef>(&argument.value)) {
    return w.program().value(ref->id).kind == ValueKind::kSymInt ? w.name_of(ref->id) : "";
  }
  const auto* number = std::get_if<int64_t>(&argument.value);
  return number == nullptr ? "" : w.numbers({*number});
}

bool write_size_arithmetic(OnnxWriter& w, const Node& node) {
  static const std::map<std::string, std::string> kWords = {
      {"_operator::add", "Add"},      {"_operator::sub", "Sub"},    {"_operator::mul", "Mul"},
      {"_operator::floordiv", "Div"}, {"_operator::mod", "Mod"},    {"_operator::neg", "Neg"},
      {"_operator::sym_min", "Min"},  {"_operator::sym_max", "Max"}};
  std::vector<std::string> inputs;
  for (const NamedArgument& argument : node.arguments) {
    inputs.push_back(size_operand(w, argument));
    if (inputs.back().empty()) return false;
  }
  return w.give(node, w.emit(kWords.at(node.op), inputs));
}

// What the exporter checked, and what verify() has.
bool write_nothing(OnnxWriter&, const Node&) { return true; }

constexpr const char* kChecks = "checks of sizes";

constexpr OperatorRow kRows[] = {
    {"aten::full", write_filled, nullptr},
    {"aten::zeros", write_filled, nullptr},
    {"aten::ones", write_filled, nullptr},
    {"aten::empty", write_filled, nullptr},
    {"aten::new_zeros", write_filled, nullptr},
    {"aten::new_ones", write_filled, nullptr},
    {"aten::new_full", write_filled, nullptr},
    {"aten::new_empty", write_filled, nullptr},
    {"aten::full_like", write_filled_like, nullptr},
    {"aten::zeros_like", write_filled_like, nullptr},
    {"aten::ones_like", write_filled_like, nullptr},
    {"aten::empty_like", write_filled_like, nullptr},
    {"aten::scalar_tensor", write_scalar_tensor, nullptr},
    {"aten::arange", write_arange, nullptr},
    {"aten::one_hot", write_one_hot, nullptr},
    {"aten::sym_size", write_size, nullptr},
    {"aten::sym_numel", write_count, nullptr},
    {"_operator::add", write_size_arithmetic, nullptr},
    {"_operator::sub", write_size_arithmetic, nullptr},
    {"_operator::mul", write_size_arithmetic, nullptr},
    {"_operator::floordiv", write_size_arithmetic, nullptr},
    {"_operator::mod", write_size_arithmetic, nullptr},
    {"_operator::neg", write_size_arithmetic, nullptr},
    {"_operator::sym_min", write_size_arithmetic, nullptr},
    {"_operator::sym_max", write_size_arithmetic, nullptr},
    {"aten::_assert_tensor_metadata", write_nothing, kChecks},
    {"aten::_assert_scalar", write_nothing, kChecks},
    {"aten::sym_constrain_range", write_nothing, kChecks},
    {"aten::sym_constrain_range_for_size", write_nothing, kChecks},
};

}  // namespace

std::span<const OperatorRow> onnx_creation_rows() { return kRows; }

}  // namespace maas
