// Reading: functions element by element, activations, softmax.
#include <fmt/format.h>

#include <cmath>
#include <map>

#include "export/onnx/reader.h"
#include "program/arguments.h"

namespace maas {
namespace {

using Words = std::map<std::string, std::string>;

const std::string& word_of(const OnnxReader& r, const Words& words, const OnnxNode& node) {
  const auto found = words.find(node.op);
  if (found == words.end()) r.refuse(node, "no counterpart", "an operator that maas knows");
  return found->second;
}

void read_unary(OnnxReader& r, const OnnxNode& node) {
  static const Words kWords = {{"Abs", "abs"},
                               {"Neg", "neg"},
                               {"Exp", "exp"},
                               {"Log", "log"},
                               {"Sqrt", "sqrt"},
                               {"Sin", "sin"},
                               {"Cos", "cos"},
                               {"Tan", "tan"},
                               {"Tanh", "tanh"},
                               {"Erf", "erf"},
                               {"Floor", "floor"},
                               {"Ceil", "ceil"},
                               {"Round", "round"},
                               {"Sign", "sign"},
                               {"Reciprocal", "reciprocal"},
                               {"Relu", "relu"},
                               {"Sigmoid", "sigmoid"},
                               {"IsNaN", "isnan"},
                               {"IsInf", "isinf"},
                               {"Asin", "asin"},
                               {"Acos", "acos"},
                               {"Atan", "atan"},
                               {"Sinh", "sinh"},
                               {"Cosh", "cosh"},
                               {"Not", "logical_not"},
                               {"Softplus", "softplus"},
                               {"Mish", "mish"},
                               {"HardSwish", "hardswish"}};
  r.give(node, r.call("aten::" + word_of(r, kWords, node), {self(r.tensor(node, 0))}));
}

// Arithmetic where both sides are sizes or plain integers of at most one dimension, and one is a
// size: as sizes.
bool read_as_sizes(OnnxReader& r, const OnnxNode& node) {
  static const Words kWords = {{"Add", "add"},      {"Sub", "sub"}, {"Mul", "mul"},
                               {"Div", "floordiv"}, {"Mod", "mod"}, {"Max", "sym_max"},
                               {"Min", "sym_min"}};
  if (node.inputs.size() != 2 || kWords.count(node.op) == 0) return false;
  const OnnxValue *left = r.look(node, 0), *right = r.look(node, 1);
  if (left == nullptr || right == nullptr || (!left->sizes && !right->sizes)) return false;
  const auto a = r.sizes(node, 0), b = r.sizes(node, 1);
  if (!a || !b || a->items.empty() || b->items.empty()) return false;
  const size_t count = std::max(a->items.size(), b->items.size());
  const bool fits = (a->items.size() == count || a->items.size() == 1) &&
                    (b->items.size() == count || b->items.size() == 1);
  if (!fits) r.refuse(node, "lists of sizes of different lengths", "the same length");
  SizeList result;
  result.is_scalar = a->is_scalar && b->is_scalar;
  const auto operand = [](const IntOrValue& item) {
    return item.value == kNoValue ? Argument(item.number) : Argument(ValueRef{item.value});
  };
  for (size_t i = 0; i < count; ++i) {
    const IntOrValue& x = a->items[a->items.size() == 1 ? 0 : i];
    const IntOrValue& y = b->items[b->items.size() == 1 ? 0 : i];
    const ValueId id =
        r.call("_operator::" + kWords.at(node.op), {{"a", operand(x)}, {"b", operand(y)}});
    const Dim& number = r.value(id).number;
    result.items.push_back(number.is_symbolic() ? IntOrValue{0, id}
                                                : IntOrValue{number.size, kNoValue});
  }
  r.give_sizes(node, result);
  return true;
}

// A layer's product and its bias.
bool read_as_bias(OnnxReader& r, const OnnxNode& node) {
  if (node.op != "Add" || node.inputs.size() != 2) return false;
  for (const size_t side : {0, 1}) {
    const OnnxValue* product = r.look(node, side);
    const auto bias = r.constant(node, 1 - side);
    if (product == nullptr || !product->product || product->id != kNoValue || !bias) continue;
    const Product layer = *product->product;
    if (bias->dim() != 1 || !(Dim(bias->size(0)) == r.value(layer.weight).shape[0])) continue;
    r.give(node,
           r.call("aten::linear", {reference("input", layer.x), reference("weight", layer.weight),
                                   reference("bias", r.tensor(node, 1 - side))}));
    return true;
  }
  return false;
}

// A constant without dimensions is a number; None for everything else.
Argument number_of_input(const OnnxReader& r, const OnnxNode& node, size_t index) {
  const auto tensor = r.constant(node, index);
  if (!tensor || tensor->dim() != 0 || tensor->scalar_type() == at::kBool) return None{};
  if (at::isFloatingType(tensor->scalar_type())) return tensor->to(at::kDouble).item<double>();
  return tensor->to(at::kLong).item<int64_t>();
}

bool is_none(const Argument& argument) { return std::holds_alternative<None>(argument); }

void read_arithmetic(OnnxReader& r, const OnnxNode& node) {
  static const Words kWords = {{"Add", "add"}, {"Sub", "sub"}, {"Mul", "mul"}, {"Div", "div"}};
  if (read_as_sizes(r, node) || read_as_bias(r, node)) return;
  const std::string op = "aten::" + word_of(r, kWords, node);
  const Argument left = number_of_input(r, node, 0), right = number_of_input(r, node, 1);
  const bool swaps = !is_none(left) && is_none(right) && op == "aten::mul";
  const ValueId a = r.tensor(node, swaps ? 1 : 0);
  const bool whole = op == "aten::div" && !at::isFloatingType(r.value(a).dtype);
  if (whole) {
    r.give(node, r.call("aten::div.Tensor_mode", {self(a),
                                                  reference("other", r.tensor(node, 1)),
                                                  {"rounding_mode", std::string("trunc")}}));
  } else if (swaps || !is_none(right)) {
    r.give(node, r.call(op + ".Scalar", {self(a), {"other", swaps ? left : right}}));
  } else {
    r.give(node, r.call(op + ".Tensor", {self(a), reference("other", r.tensor(node, 1))}));
  }
}

// Any number of operands, two at a time.
void read_many(OnnxReader& r, const OnnxNode& node) {
  static const Words kWords = {{"Max", "maximum"}, {"Min", "minimum"}, {"Sum", "add.Tensor"}};
  if (read_as_sizes(r, node)) return;
  ValueId y = r.tensor(node, 0);
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    y = r.call("aten::" + word_of(r, kWords, node),
               {self(y), reference("other", r.tensor(node, i))});
  }
  if (node.inputs.size() == 1) return r.give_same(node);
  r.give(node, y);
}

void read_binary(OnnxReader& r, const OnnxNode& node) {
  static const Words kWords = {{"And", "logical_and"},   {"Or", "logical_or"},
                               {"Xor", "logical_xor"},   {"Equal", "eq.Tensor"},
                               {"Less", "lt.Tensor"},    {"LessOrEqual", "le.Tensor"},
                               {"Greater", "gt.Tensor"}, {"GreaterOrEqual", "ge.Tensor"}};
  const std::string op = word_of(r, kWords, node);
  const Argument number = number_of_input(r, node, 1);
  const size_t dot = op.find('.');
  if (!is_none(number) && dot != op.npos) {
    r.give(node, r.call("aten::" + op.substr(0, dot) + ".Scalar",
                        {self(r.tensor(node, 0)), {"other", number}}));
    return;
  }
  r.give(node,
         r.call("aten::" + op, {self(r.tensor(node, 0)), reference("other", r.tensor(node, 1))}));
}

void read_modulo(OnnxReader& r, const OnnxNode& node) {
  if (read_as_sizes(r, node)) return;
  const char* op = r.integer(node, "fmod", 0) != 0 ? "aten::fmod.Tensor" : "aten::remainder.Tensor";
  r.give(node, r.call(op, {self(r.tensor(node, 0)), reference("other", r.tensor(node, 1))}));
}

// The result has the base's type.
void read_power(OnnxReader& r, const OnnxNode& node) {
  const ValueId base = r.tensor(node, 0);
  const Argument number = number_of_input(r, node, 1);
  ValueId y = kNoValue;
  if (is_none(number)) {
    const Operand exponent = reference("exponent", r.tensor(node, 1));
    y = r.call("aten::pow.Tensor_Tensor", {self(base), exponent});
  } else {
    y = r.call("aten::pow.Tensor_Scalar", {self(base), {"exponent", number}});
  }
  const at::ScalarType dtype = r.value(base).dtype;
  if (r.value(y).dtype != dtype) y = r.call("aten::to.dtype", {self(y), {"dtype", dtype}});
  r.give(node, y);
}

void read_where(OnnxReader& r, const OnnxNode& node) {
  r.give(node, r.call("aten::where.self",
                      {reference("condition", r.tensor(node, 0)), self(r.tensor(node, 1)),
                       reference("other", r.tensor(node, 2))}));
}

void read_clip(OnnxReader& r, const OnnxNode& node) {
  const bool has_low = r.has(node, 1), has_high = r.has(node, 2);
  if (!has_low && !has_high) return r.give_same(node);
  const Argument low = number_of_input(r, node, 1), high = number_of_input(r, node, 2);
  const ValueId x = r.tensor(node, 0);
  if ((has_low && is_none(low)) || (has_high && is_none(high))) {
    r.give(node, r.call("aten::clamp.Tensor", {self(x),
                                               {"min", r.tensor_or_none(node, 1)},
                                               {"max", r.tensor_or_none(node, 2)}}));
  } else if (!has_high) {
    r.give(node, r.call("aten::clamp_min", {self(x), {"min", low}}));
  } else if (!has_low) {
    r.give(node, r.call("aten::clamp_max", {self(x), {"max", high}}));
  } else {
    r.give(node, r.call("aten::clamp", {self(x), {"min", low}, {"max", high}}));
  }
}

void read_cast(OnnxReader& r, const OnnxNode& node) {
  const auto dtype = dtype_from_onnx(static_cast<int32_t>(r.integer(node, "to", 0)));
  if (!dtype) r.refuse(node, fmt::format("to type {}", r.integer(node, "to", 0)), "numbers");
  const OnnxValue* value = r.look(node, 0);
  const bool is_whole = *dtype == at::kLong || *dtype == at::kInt;
  if (value != nullptr && value->sizes && is_whole) return r.give_same(node);
  const auto constant = r.constant(node, 0);
  if (constant && constant->numel() <= 64) return r.give_constant(node, constant->to(*dtype));
  const ValueId x = r.tensor(node, 0);
  if (r.value(x).dtype == *dtype) return r.give(node, x);
  r.give(node, r.call("aten::to.dtype", {self(x), {"dtype", *dtype}}));
}

void read_gelu(OnnxReader& r, const OnnxNode& node) {
  const std::string approximate = r.text(node, "approximate", "none");
  r.give(node, r.call("aten::gelu", {self(r.tensor(node, 0)), {"approximate", approximate}}));
}

void read_with_alpha(OnnxReader& r, const OnnxNode& node) {
  const ValueId x = r.tensor(node, 0);
  if (node.op == "LeakyRelu") {
    r.give(node,
           r.call("aten::leaky_relu", {self(x), {"negative_slope", r.real(node, "alpha", 0.01)}}));
  } else if (node.op == "Selu") {
    if (node.find("alpha") != nullptr || node.find("gamma") != nullptr) {
      r.refuse(node, "alpha and gamma of its own", "the usual ones");
    }
    r.give(node, r.call("aten::selu", {self(x)}));
  } else {
    r.give(node, r.call(node.op == "Elu" ? "aten::elu" : "aten::celu",
                        {self(x), {"alpha", r.real(node, "alpha", 1)}}));
  }
}

void read_hard_sigmoid(OnnxReader& r, const OnnxNode& node) {
  const double alpha = r.real(node, "alpha", 0.2), beta = r.real(node, "beta", 0.5);
  const ValueId x = r.tensor(node, 0);
  if (std::abs(alpha - 1.0 / 6) < 1e-6 && beta == 0.5) {
    return r.give(node, r.call("aten::hardsigmoid", {self(x)}));
  }
  ValueId y = r.call("aten::mul.Scalar", {self(x), {"other", alpha}});
  y = r.call("aten::add.Scalar", {self(y), {"other", beta}});
  r.give(node, r.call("aten::clamp", {self(y), {"min", 0.0}, {"max", 1.0}}));
}

void read_softmax(OnnxReader& r, const OnnxNode& node) {
  const char* op = node.op == "Softmax" ? "aten::softmax.int" : "aten::log_softmax.int";
  r.give(node, r.call(op, {self(r.tensor(node, 0)), {"dim", r.integer(node, "axis", -1)}}));
}

// The slopes broadcast as they are.
void read_prelu(OnnxReader& r, const OnnxNode& node) {
  const ValueId x = r.tensor(node, 0);
  const ValueId below =
      r.call("aten::mul.Tensor", {self(x), reference("other", r.tensor(node, 1))});
  const ValueId is_above = r.call("aten::gt.Scalar", {self(x), {"other", int64_t{0}}});
  r.give(node, r.call("aten::where.self",
                      {reference("condition", is_above), self(x), reference("other", below)}));
}

void read_identity(OnnxReader& r, const OnnxNode& node) { r.give_same(node); }

constexpr ReaderRow kRows[] = {{"Abs", read_unary},
                               {"Neg", read_unary},
                               {"Exp", read_unary},
                               {"Log", read_unary},
                               {"Sqrt", read_unary},
                               {"Sin", read_unary},
                               {"Cos", read_unary},
                               {"Tan", read_unary},
                               {"Tanh", read_unary},
                               {"Erf", read_unary},
                               {"Floor", read_unary},
                               {"Ceil", read_unary},
                               {"Round", read_unary},
                               {"Sign", read_unary},
                               {"Reciprocal", read_unary},
                               {"Relu", read_unary},
                               {"Sigmoid", read_unary},
                               {"IsNaN", read_unary},
                               {"IsInf", read_unary},
                               {"Asin", read_unary},
                               {"Acos", read_unary},
                               {"Atan", read_unary},
                               {"Sinh", read_unary},
                               {"Cosh", read_unary},
                               {"Not", read_unary},
                               {"Softplus", read_unary},
                               {"Mish", read_unary},
                               {"HardSwish", read_unary},
                               {"Add", read_arithmetic},
                               {"Sub", read_arithmetic},
                               {"Mul", read_arithmetic},
                               {"Div", read_arithmetic},
                               {"Max", read_many},
                               {"Min", read_many},
                               {"Sum", read_many},
                               {"And", read_binary},
                               {"Or", read_binary},
                               {"Xor", read_binary},
                               {"Equal", read_binary},
                               {"Less", read_binary},
                               {"LessOrEqual", read_binary},
                               {"Greater", read_binary},
                               {"GreaterOrEqual", read_binary},
                               {"Mod", read_modulo},
                               {"Pow", read_power},
                               {"Where", read_where},
                               {"Clip", read_clip},
                               {"Cast", read_cast},
                               {"Gelu", read_gelu},
                               {"LeakyRelu", read_with_alpha},
                               {"Elu", read_with_alpha},
                               {"Celu", read_with_alpha},
                               {"Selu", read_with_alpha},
                               {"HardSigmoid", read_hard_sigmoid},
                               {"Softmax", read_softmax},
                               {"LogSoftmax", read_softmax},
                               {"PRelu", read_prelu},
                               {"Identity", read_identity}};

}  // namespace

std::span<const ReaderRow> onnx_elementwise_readers() { return kRows; }

}  // namespace maas
