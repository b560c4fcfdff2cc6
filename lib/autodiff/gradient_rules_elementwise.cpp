#include "autodiff/gradient_rule.h"

namespace maas {
namespace {

using Operands = std::vector<Operand>;

ValueId mul(Backward& b, ValueId x, ValueId y) {
  return b.emit("aten::mul.Tensor", {{"self", ValueRef{x}}, {"other", ValueRef{y}}}, x);
}
ValueId div(Backward& b, ValueId x, ValueId y) {
  return b.emit("aten::div.Tensor", {{"self", ValueRef{x}}, {"other", ValueRef{y}}}, x);
}
ValueId scaled(Backward& b, ValueId x, double factor) {
  if (factor == 1) return x;
  return b.emit("aten::mul.Scalar", {{"self", ValueRef{x}}, {"other", factor}}, x);
}

// Activations whose backward kernel reads the result ...
bool from_result(Backward& b) {
  const std::string op = b.node().op + "_backward";
  b.give("self",
         b.emit(op, {{"grad_output", ValueRef{b.gradient()}}, {"output", ValueRef{b.result()}}}));
  return true;
}
// ... or the operand, with the operator's own options.
bool from_operand(Backward& b) {
  Operands operands = {{"grad_output", ValueRef{b.gradient()}},
                       {"self", ValueRef{b.operand("self")}}};
  for (const NamedArgument& argument : b.node().arguments) {
    if (argument.name != "self") operands.push_back({argument.name, argument.value});
  }
  b.give("self", b.emit(b.node().op + "_backward", operands));
  return true;
}

bool relu(Backward& b) {
  b.give("self", b.emit("aten::threshold_backward", {{"grad_output", ValueRef{b.gradient()}},
                                                     {"self", ValueRef{b.result()}},
                                                     {"threshold", int64_t{0}}}));
  return true;
}

bool leaky_relu(Backward& b) {
  b.give("self", b.emit("aten::leaky_relu_backward",
                        {{"grad_output", ValueRef{b.gradient()}},
                         {"self", ValueRef{b.operand("self")}},
                         {"negative_slope", number_of(b.node(), "negative_slope", 0.01)},
                         {"self_is_result", false}}));
  return true;
}

bool hardtanh(Backward& b) {
  b.give("self",
         b.emit("aten::hardtanh_backward", {{"grad_output", ValueRef{b.gradient()}},
                                            {"self", ValueRef{b.operand("self")}},
                                            {"min_val", number_of(b.node(), "min_val", -1)},
                                            {"max_val", number_of(b.node(), "max_val", 1)}}));
  return true;
}

bool softmax(Backward& b) {
  if (const Argument* dtype = b.node().find("dtype");
      dtype != nullptr && !std::holds_alternative<None>(*dtype)) {
    return false;
  }
  const bool is_log = b.node().op.find("log_softmax") != std::string::npos;
  b.give("self",
         b.emit(is_log ? "aten::_log_softmax_backward_data" : "aten::_softmax_backward_data",
                {{"grad_output", ValueRef{b.gradient()}},
                 {"output", ValueRef{b.result()}},
                 {"dim", argument_of(b.node(), "dim", int64_t{-1})},
                 {"input_dtype", b.value(b.operand("self")).dtype}}));
  return true;
}

bool sum_like(Backward& b, double sign) {
  const double alpha = sign * number_of(b.node(), "alpha", 1);
  const ValueId self = b.operand("self"), other = b.operand("other");
  if (b.wants(self)) b.give(self, b.reduced(b.gradient(), self));
  if (b.wants(other)) b.give(other, b.reduced(scaled(b, b.gradient(), alpha), other));
  return true;
}
bool add(Backward& b) { return sum_like(b, 1); }
bool sub(Backward& b) { return sum_like(b, -1); }

bool rsub(Backward& b) {  // other - alpha self
  const double alpha = number_of(b.node(), "alpha", 1);
  b.give("self", scaled(b, b.gradient(), -alpha));
  return true;
}

bool multiply(Backward& b) {
  const ValueId self = b.operand("self"), other = b.operand("other");
  if (b.wants(self)) b.give(self, b.reduced(mul(b, b.gradient(), other), self));
  if (b.wants(other)) b.give(other, b.reduced(mul(b, b.gradient(), self), other));
  return true;
}

bool divide(Backward& b) {  // d(x / y) = g / y, -g (x / y) / y
  const ValueId self = b.operand("self"), other = b.operand("other");
  if (b.wants(self)) b.give(self, b.reduced(div(b, b.gradient(), other), self));
  if (b.wants(other)) {
    const ValueId slope = div(b, mul(b, b.gradient(), b.result()), other);
    b.give(other, b.reduced(scaled(b, slope, -1), other));
  }
  return true;
}

// The other operand is a number of the node.
bool multiply_number(Backward& b) {
  const Argument* other = b.node().find("other");
  if (other == nullptr || std::holds_alternative<ValueRef>(*other)) return false;
  b.give("self", b.emit(b.node().full_name(), {{"self", ValueRef{b.gradient()}}, {"other", *other}},
                        b.operand("self")));
  return true;
}

bool pass_on(Backward& b) {
  b.give(b.operand(b.node().find("self") != nullptr ? "self" : "input"), b.gradient());
  return true;
}

bool negative(Backward& b) {
  b.give("self", scaled(b, b.gradient(), -1));
  return true;
}
bool exponential(Backward& b) {
  b.give("self", mul(b, b.gradient(), b.result()));
  return true;
}
bool logarithm(Backward& b) {
  b.give("self", div(b, b.gradient(), b.operand("self")));
  return true;
}
bool square_root(Backward& b) {
  b.give("self", scaled(b, div(b, b.gradient(), b.result()), 0.5));
  return true;
}
bool absolute(Backward& b) {
  const ValueId sign = b.emit("aten::sgn", {{"self", ValueRef{b.operand("self")}}});
  b.give("self", mul(b, b.gradient(), sign));
  return true;
}
bool power(Backward& b) {
  const double exponent = number_of(b.node(), "exponent", 1);
  const Argument* given = b.node().find("exponent");
  if (given == nullptr || std::holds_alternative<ValueRef>(*given)) return false;
  const ValueId lower = b.emit("aten::pow.Tensor_Scalar",
                               {{"self", ValueRef{b.operand("self")}}, {"exponent", exponent - 1}});
  b.give("self", scaled(b, mul(b, b.gradient(), lower), exponent));
  return true;
}

bool convert(Backward& b) {
  const at::ScalarType from = b.value(b.operand("self")).dtype;
  if (b.value(b.result()).dtype == from) return pass_on(b);
  b.give("self", b.emit("aten::to.dtype", {{"self", ValueRef{b.gradient()}}, {"dtype", from}}));
  return true;
}

}  // namespace

void add_elementwise_rules(GradientRules& rules) {
  rules["aten::relu"] = relu;
  rules["aten::leaky_relu"] = leaky_relu;
  rules["aten::hardtanh"] = hardtanh;
  for (const char* op : {"aten::sigmoid", "aten::tanh"}) rules[op] = from_result;
  for (const char* op :
       {"aten::gelu", "aten::silu", "aten::mish", "aten::hardswish", "aten::hardsigmoid"}) {
    rules[op] = from_operand;
  }
  for (const char* op :
       {"aten::softmax.int", "aten::_softmax", "aten::log_softmax.int", "aten::_log_softmax"}) {
    rules[op] = softmax;
  }
  rules["aten::add.Tensor"] = add;
  rules["aten::sub.Tensor"] = sub;
  rules["aten::rsub.Scalar"] = rsub;
  rules["aten::mul.Tensor"] = multiply;
  rules["aten::div.Tensor"] = divide;
  rules["aten::mul.Scalar"] = rules["aten::div.Scalar"] = multiply_number;
  rules["aten::neg"] = negative;
  rules["aten::exp"] = exponential;
  rules["aten::log"] = logarithm;
  rules["aten::sqrt"] = square_root;
  rules["aten::abs"] = absolute;
  rules["aten::pow.Tensor_Scalar"] = power;
  for (const char* op : {"aten::add.Scalar", "aten::sub.Scalar", "aten::contiguous", "aten::clone",
                         "aten::alias", "aten::lift_fresh_copy"}) {
    rules[op] = pass_on;
  }
  for (const char* op : {"aten::to.dtype", "aten::to.dtype_layout", "aten::_to_copy"}) {
    rules[op] = convert;
  }
}

}  // namespace maas
