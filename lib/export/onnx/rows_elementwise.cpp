// Rows: arithmetic, comparisons, logic, choices and conversions, element by element.
#include <ATen/ops/empty.h>
#include <ATen/ops/result_type.h>

#include <cmath>
#include <limits>
#include <map>

#include "export/onnx/writer.h"
#include "program/arguments.h"
#include "program/operators.h"

namespace maas {
namespace {

std::string word_of(const std::map<std::string, std::string>& words, const Node& node) {
  const auto found = words.find(node.op);
  return found == words.end() ? "" : found->second;
}

const char* self_name(const Node& node) { return node.find("self") != nullptr ? "self" : "input"; }

bool write_unary(OnnxWriter& w, const Node& node) {
  static const std::map<std::string, std::string> kWords = {
      {"aten::abs", "Abs"},     {"aten::neg", "Neg"},         {"aten::exp", "Exp"},
      {"aten::log", "Log"},     {"aten::sqrt", "Sqrt"},       {"aten::sin", "Sin"},
      {"aten::cos", "Cos"},     {"aten::tan", "Tan"},         {"aten::tanh", "Tanh"},
      {"aten::erf", "Erf"},     {"aten::floor", "Floor"},     {"aten::ceil", "Ceil"},
      {"aten::round", "Round"}, {"aten::sign", "Sign"},       {"aten::reciprocal", "Reciprocal"},
      {"aten::relu", "Relu"},   {"aten::sigmoid", "Sigmoid"}, {"aten::isnan", "IsNaN"},
      {"aten::asin", "Asin"},   {"aten::acos", "Acos"},       {"aten::atan", "Atan"},
      {"aten::sinh", "Sinh"},   {"aten::cosh", "Cosh"},       {"aten::isinf", "IsInf"}};
  if (node.overload == "decimals") return false;
  const at::ScalarType to = w.result_of(node).dtype;
  const Value* x = w.value_of(node, "self");
  if (x == nullptr) return false;
  const std::string input = to == at::kBool ? w.operand(node, "self") : w.as_type(node, "self", to);
  return w.give(node, w.emit(word_of(kWords, node), {input}));
}

bool write_rsqrt(OnnxWriter& w, const Node& node) {
  const std::string x = w.as_type(node, "self", w.result_of(node).dtype);
  return w.give(node, w.emit("Reciprocal", {w.emit("Sqrt", {x})}));
}

bool write_log1p(OnnxWriter& w, const Node& node) {
  const at::ScalarType dtype = w.result_of(node).dtype;
  const std::string x = w.as_type(node, "self", dtype);
  if (node.op == "aten::expm1") {
    return w.give(node, w.emit("Sub", {w.emit("Exp", {x}), w.scalar(1, dtype)}));
  }
  return w.give(node, w.emit("Log", {w.emit("Add", {x, w.scalar(1, dtype)})}));
}

bool write_square(OnnxWriter& w, const Node& node) {
  const std::string x = w.operand(node, "self");
  return w.give(node, w.emit("Mul", {x, x}));
}

bool is_number(const Node& node, const std::string& name, double value) {
  const Argument* given = node.find(name);
  const bool plain = given != nullptr && (std::holds_alternative<int64_t>(*given) ||
                                          std::holds_alternative<double>(*given));
  return plain && number_of(node, name, 0) == value;
}

// Truth values are added and multiplied as logic.
bool write_logic(OnnxWriter& w, const Node& node, const std::string& op) {
  const std::string a = w.as_type(node, "self", at::kBool), b = w.as_type(node, "other", at::kBool);
  return w.give(node, w.emit(op, {a, b}));
}

bool write_arithmetic(OnnxWriter& w, const Node& node) {
  static const std::map<std::string, std::string> kWords = {
      {"aten::add", "Add"},      {"aten::sub", "Sub"},     {"aten::rsub", "Sub"},
      {"aten::mul", "Mul"},      {"aten::div", "Div"},     {"aten::true_divide", "Div"},
      {"aten::maximum", "Max"},  {"aten::minimum", "Min"}, {"aten::fmod", "Mod"},
      {"aten::remainder", "Mod"}};
  if (node.op == "aten::mul" && write_quantized_weight(w, node)) return true;
  const at::ScalarType dtype = w.result_of(node).dtype;
  std::string op = word_of(kWords, node);
  if (node.op == "aten::max" && node.overload == "other") op = "Max";
  if (node.op == "aten::min" && node.overload == "other") op = "Min";
  if (op.empty()) return false;
  if (dtype == at::kBool) {
    if (op != "Mul" && op != "Add" && op != "Min" && op != "Max") return false;
    return write_logic(w, node, op == "Mul" || op == "Min" ? "And" : "Or");
  }
  std::string a = w.as_type(node, "self", dtype), b = w.as_type(node, "other", dtype);
  if (node.op == "aten::rsub") std::swap(a, b);
  const double alpha = number_of(node, "alpha", 1);
  if (alpha != 1) {
    b = w.emit("Mul", {b, w.scalar(alpha, dtype)});
  }
  std::vector<OnnxAttribute> attributes;
  if (op == "Mod" && (c10::isFloatingType(dtype) || node.op == "aten::fmod")) {
    if (node.op != "aten::fmod") return false;
    attributes.push_back({"fmod", int64_t{1}});
  }
  std::string y = w.emit(op, {a, b}, attributes);
  const Argument* rounding = node.find("rounding_mode");
  const auto* mode = rounding == nullptr ? nullptr : std::get_if<std::string>(rounding);
  if (mode != nullptr) {
    if (!c10::isFloatingType(dtype) || *mode != "floor") return false;
    y = w.emit("Floor", {y});
  }
  return w.give(node, y);
}

bool write_power(OnnxWriter& w, const Node& node) {
  const at::ScalarType dtype = w.result_of(node).dtype;
  const std::string x = w.as_type(node, "self", dtype);
  if (is_number(node, "exponent", 2)) return w.give(node, w.emit("Mul", {x, x}));
  if (is_number(node, "exponent", 0.5)) return w.give(node, w.emit("Sqrt", {x}));
  return w.give(node, w.emit("Pow", {x, w.as_type(node, "exponent", dtype)}));
}

// The type in which two operands are compared.
at::ScalarType common_type(OnnxWriter& w, const Node& node) {
  const auto sample = [](const Value& value) {
    return at::empty(std::vector<int64_t>(value.shape.empty() ? 0 : 1, 1),
                     at::TensorOptions().dtype(value.dtype).device(at::kMeta));
  };
  const Value* a = w.value_of(node, "self");
  const Value* b = w.value_of(node, "other");
  const bool tensors = b != nullptr && b->kind == ValueKind::kTensor;
  if (tensors) return at::result_type(sample(*a), sample(*b));
  const Argument* number = node.find("other");
  if (number != nullptr && std::holds_alternative<double>(*number)) {
    return at::result_type(sample(*a), at::Scalar(std::get<double>(*number)));
  }
  return at::result_type(sample(*a), at::Scalar(int64_t{1}));
}

bool write_comparison(OnnxWriter& w, const Node& node) {
  static const std::map<std::string, std::string> kWords = {
      {"aten::eq", "Equal"},       {"aten::ne", "Equal"},   {"aten::lt", "Less"},
      {"aten::le", "LessOrEqual"}, {"aten::gt", "Greater"}, {"aten::ge", "GreaterOrEqual"}};
  at::ScalarType dtype = common_type(w, node);
  if (dtype == at::kBool && node.op != "aten::eq" && node.op != "aten::ne") dtype = at::kInt;
  const std::string y = w.emit(word_of(kWords, node),
                               {w.as_type(node, "self", dtype), w.as_type(node, "other", dtype)});
  return w.give(node, node.op == "aten::ne" ? w.emit("Not", {y}) : y);
}

bool write_boolean(OnnxWriter& w, const Node& node) {
  static const std::map<std::string, std::string> kWords = {
      {"aten::logical_and", "And"}, {"aten::logical_or", "Or"}, {"aten::logical_xor", "Xor"},
      {"aten::bitwise_and", "And"}, {"aten::bitwise_or", "Or"}, {"aten::bitwise_xor", "Xor"},
      {"aten::__and__", "And"},     {"aten::__or__", "Or"},     {"aten::__xor__", "Xor"}};
  if (w.result_of(node).dtype != at::kBool) return false;
  return write_logic(w, node, word_of(kWords, node));
}

bool write_not(OnnxWriter& w, const Node& node) {
  if (w.result_of(node).dtype != at::kBool) return false;
  return w.give(node, w.emit("Not", {w.as_type(node, "self", at::kBool)}));
}

bool write_where(OnnxWriter& w, const Node& node) {
  const at::ScalarType dtype = w.result_of(node).dtype;
  if (w.value_of(node, "condition") == nullptr) return false;
  return w.give(node, w.emit("Where", {w.operand(node, "condition"), w.as_type(node, "self", dtype),
                                       w.as_type(node, "other", dtype)}));
}

bool write_masked_fill(OnnxWriter& w, const Node& node) {
  const at::ScalarType dtype = w.result_of(node).dtype;
  return w.give(node, w.emit("Where", {w.operand(node, "mask"), w.as_type(node, "value", dtype),
                                       w.as_type(node, "self", dtype)}));
}

std::string bound(OnnxWriter& w, const Node& node, const std::string& name, at::ScalarType dtype) {
  const Argument* given = node.find(name);
  if (given == nullptr || std::holds_alternative<None>(*given)) return "";
  return w.as_type(node, name, dtype);
}

bool write_clamp(OnnxWriter& w, const Node& node) {
  const at::ScalarType dtype = w.result_of(node).dtype;
  std::string x = w.as_type(node, "self", dtype);
  const std::string low = bound(w, node, "min", dtype), high = bound(w, node, "max", dtype);
  if (node.overload != "Tensor") return w.give(node, w.emit("Clip", {x, low, high}));
  if (!low.empty()) x = w.emit("Max", {x, low});
  return w.give(node, high.empty() ? x : w.emit("Min", {x, high}));
}

bool write_cast(OnnxWriter& w, const Node& node) {
  const Value* x = w.value_of(node, self_name(node));
  if (x == nullptr) return false;
  return w.give(node, w.as_type(node, self_name(node), w.result_of(node).dtype));
}

bool write_same(OnnxWriter& w, const Node& node) {
  const char* name = node.find("input") != nullptr ? "input" : "self";
  if (flag_of(node, "train", false)) return false;
  return w.give(node, w.operand(node, name));
}

bool write_lerp(OnnxWriter& w, const Node& node) {
  const at::ScalarType dtype = w.result_of(node).dtype;
  const std::string a = w.operand(node, "self");
  const std::string step = w.emit("Sub", {w.operand(node, "end"), a});
  return w.give(node, w.emit("Add", {a, w.emit("Mul", {w.as_type(node, "weight", dtype), step})}));
}

constexpr const char* kDropout = "the layer, which only training uses";

constexpr OperatorRow kRows[] = {
    {"aten::abs", write_unary, nullptr},
    {"aten::neg", write_unary, nullptr},
    {"aten::exp", write_unary, nullptr},
    {"aten::log", write_unary, nullptr},
    {"aten::sqrt", write_unary, nullptr},
    {"aten::sin", write_unary, nullptr},
    {"aten::cos", write_unary, nullptr},
    {"aten::tan", write_unary, nullptr},
    {"aten::tanh", write_unary, nullptr},
    {"aten::erf", write_unary, nullptr},
    {"aten::floor", write_unary, nullptr},
    {"aten::ceil", write_unary, nullptr},
    {"aten::round", write_unary, nullptr},
    {"aten::sign", write_unary, nullptr},
    {"aten::reciprocal", write_unary, nullptr},
    {"aten::relu", write_unary, nullptr},
    {"aten::sigmoid", write_unary, nullptr},
    {"aten::isnan", write_unary, nullptr},
    {"aten::isinf", write_unary, nullptr},
    {"aten::asin", write_unary, nullptr},
    {"aten::acos", write_unary, nullptr},
    {"aten::atan", write_unary, nullptr},
    {"aten::sinh", write_unary, nullptr},
    {"aten::cosh", write_unary, nullptr},
    {"aten::rsqrt", write_rsqrt, nullptr},
    {"aten::log1p", write_log1p, nullptr},
    {"aten::expm1", write_log1p, nullptr},
    {"aten::square", write_square, nullptr},
    {"aten::add", write_arithmetic, nullptr},
    {"aten::sub", write_arithmetic, nullptr},
    {"aten::rsub", write_arithmetic, nullptr},
    {"aten::mul", write_arithmetic, nullptr},
    {"aten::div", write_arithmetic, nullptr},
    {"aten::true_divide", write_arithmetic, nullptr},
    {"aten::maximum", write_arithmetic, nullptr},
    {"aten::minimum", write_arithmetic, nullptr},
    {"aten::fmod", write_arithmetic, nullptr},
    {"aten::remainder", write_arithmetic, nullptr},
    {"aten::pow", write_power, nullptr},
    {"aten::eq", write_comparison, nullptr},
    {"aten::ne", write_comparison, nullptr},
    {"aten::lt", write_comparison, nullptr},
    {"aten::le", write_comparison, nullptr},
    {"aten::gt", write_comparison, nullptr},
    {"aten::ge", write_comparison, nullptr},
    {"aten::logical_and", write_boolean, nullptr},
    {"aten::logical_or", write_boolean, nullptr},
    {"aten::logical_xor", write_boolean, nullptr},
    {"aten::bitwise_and", write_boolean, nullptr},
    {"aten::bitwise_or", write_boolean, nullptr},
    {"aten::bitwise_xor", write_boolean, nullptr},
    {"aten::__and__", write_boolean, nullptr},
    {"aten::__or__", write_boolean, nullptr},
    {"aten::__xor__", write_boolean, nullptr},
    {"aten::logical_not", write_not, nullptr},
    {"aten::bitwise_not", write_not, nullptr},
    {"aten::where", write_where, nullptr},
    {"aten::masked_fill", write_masked_fill, nullptr},
    {"aten::clamp", write_clamp, nullptr},
    {"aten::clamp_min", write_clamp, nullptr},
    {"aten::clamp_max", write_clamp, nullptr},
    {"aten::lerp", write_lerp, nullptr},
    {"aten::to", write_cast, nullptr},
    {"aten::_to_copy", write_cast, nullptr},
    {"aten::type_as", write_cast, nullptr},
    {"aten::contiguous", write_same, nullptr},
    {"aten::clone", write_same, nullptr},
    {"aten::detach", write_same, nullptr},
    {"aten::alias", write_same, nullptr},
    {"aten::lift_fresh_copy", write_same, nullptr},
    {"aten::positive", write_same, nullptr},
    {"aten::dropout", write_same, kDropout},
    {"aten::feature_dropout", write_same, kDropout},
    {"aten::alpha_dropout", write_same, kDropout},
};

}  // namespace

std::span<const OperatorRow> onnx_elementwise_rows() { return kRows; }

}  // namespace maas
