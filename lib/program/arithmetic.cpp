#include "program/arithmetic.h"

#include <cmath>
#include <map>

#include "base/error.h"

namespace maas {
namespace {

using Stack = torch::jit::Stack;

double real(const c10::IValue& value) {
  return value.isDouble() ? value.toDouble()
                          : static_cast<double>(value.isBool() ? value.toBool() : value.toInt());
}
int64_t whole(const c10::IValue& value) {
  return value.isBool() ? static_cast<int64_t>(value.toBool()) : value.toInt();
}
bool any_double(const Stack& stack) {
  for (const auto& value : stack) {
    if (value.isDouble()) return true;
  }
  return false;
}

template <class Op>
c10::IValue binary(const Stack& stack, Op op) {
  if (stack.size() != 2) {
    throw Error(ErrorKind::kInput, {.where = "shape arithmetic",
                                    .what = std::to_string(stack.size()) + " operands",
                                    .expected = "2",
                                    .fix = "export the model again",
                                    .excerpt = ""});
  }
  if (any_double(stack)) return c10::IValue(op(real(stack[0]), real(stack[1])));
  return c10::IValue(op(whole(stack[0]), whole(stack[1])));
}

void refuse_zero(const Stack& stack) {
  if (stack.size() == 2 && real(stack[1]) != 0) return;
  throw Error(ErrorKind::kInput,
              {.where = "shape arithmetic",
               .what = "a division by zero",
               .expected = "an input of the size that the model was exported for",
               .fix = "check the input's shape",
               .excerpt = ""});
}

c10::IValue floor_divide(const Stack& stack) {
  refuse_zero(stack);
  if (any_double(stack)) return std::floor(real(stack[0]) / real(stack[1]));
  const int64_t a = whole(stack[0]), b = whole(stack[1]);
  return a / b - static_cast<int64_t>(a % b != 0 && (a < 0) != (b < 0));
}

c10::IValue modulo(const Stack& stack) {
  refuse_zero(stack);
  if (any_double(stack)) {
    const double a = real(stack[0]), b = real(stack[1]);
    return a - std::floor(a / b) * b;
  }
  const int64_t a = whole(stack[0]), b = whole(stack[1]);
  const int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

c10::IValue power(const Stack& stack) {
  const double value = std::pow(real(stack.at(0)), real(stack.at(1)));
  if (any_double(stack) || real(stack.at(1)) < 0) return value;
  return static_cast<int64_t>(value);
}

}  // namespace

Arithmetic find_arithmetic(const std::string& op) {
  static const std::map<std::string, Arithmetic> table = {
      {"_operator::add",
       [](const Stack& s) { return binary(s, [](auto a, auto b) { return a + b; }); }},
      {"_operator::sub",
       [](const Stack& s) { return binary(s, [](auto a, auto b) { return a - b; }); }},
      {"_operator::mul",
       [](const Stack& s) { return binary(s, [](auto a, auto b) { return a * b; }); }},
      {"_operator::eq",
       [](const Stack& s) { return binary(s, [](auto a, auto b) { return a == b; }); }},
      {"_operator::ne",
       [](const Stack& s) { return binary(s, [](auto a, auto b) { return a != b; }); }},
      {"_operator::lt",
       [](const Stack& s) { return binary(s, [](auto a, auto b) { return a < b; }); }},
      {"_operator::le",
       [](const Stack& s) { return binary(s, [](auto a, auto b) { return a <= b; }); }},
      {"_operator::gt",
       [](const Stack& s) { return binary(s, [](auto a, auto b) { return a > b; }); }},
      {"_operator::ge",
       [](const Stack& s) { return binary(s, [](auto a, auto b) { return a >= b; }); }},
      {"_operator::and_",
       [](const Stack& s) { return c10::IValue(whole(s.at(0)) != 0 && whole(s.at(1)) != 0); }},
      {"_operator::or_",
       [](const Stack& s) { return c10::IValue(whole(s.at(0)) != 0 || whole(s.at(1)) != 0); }},
      {"_operator::not_", [](const Stack& s) { return c10::IValue(whole(s.at(0)) == 0); }},
      {"_operator::neg",
       [](const Stack& s) {
         return s.at(0).isDouble() ? c10::IValue(-s[0].toDouble()) : c10::IValue(-whole(s[0]));
       }},
      {"_operator::truediv",
       [](const Stack& s) {
         refuse_zero(s);
         return c10::IValue(real(s[0]) / real(s[1]));
       }},
      {"_operator::floordiv", floor_divide},
      {"_operator::mod", modulo},
      {"_operator::pow", power},
      {"_operator::sym_min",
       [](const Stack& s) { return binary(s, [](auto a, auto b) { return std::min(a, b); }); }},
      {"_operator::sym_max",
       [](const Stack& s) { return binary(s, [](auto a, auto b) { return std::max(a, b); }); }},
      {"_operator::sym_ite",
       [](const Stack& s) { return whole(s.at(0)) != 0 ? s.at(1) : s.at(2); }},
      {"_operator::sym_not", [](const Stack& s) { return c10::IValue(whole(s.at(0)) == 0); }},
      {"_operator::sym_int",
       [](const Stack& s) { return c10::IValue(static_cast<int64_t>(real(s.at(0)))); }},
      {"_operator::sym_float", [](const Stack& s) { return c10::IValue(real(s.at(0))); }},
      {"math::ceil",
       [](const Stack& s) { return c10::IValue(static_cast<int64_t>(std::ceil(real(s.at(0))))); }},
      {"math::floor",
       [](const Stack& s) { return c10::IValue(static_cast<int64_t>(std::floor(real(s.at(0))))); }},
      {"math::trunc",
       [](const Stack& s) { return c10::IValue(static_cast<int64_t>(real(s.at(0)))); }},
      {"math::sqrt", [](const Stack& s) { return c10::IValue(std::sqrt(real(s.at(0)))); }},
  };
  const auto found = table.find(op);
  return found == table.end() ? nullptr : found->second;
}

}  // namespace maas
