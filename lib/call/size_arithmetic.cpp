#include "call/size_arithmetic.h"

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "base/throw_error.h"

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

[[noreturn]] void refuse(const std::string& what) {
  throw_input("shape arithmetic", what, "an input of the size that the model was exported for",
              "check the input's shape");
}

// Sizes are 64-bit integers here and unbounded in Python.
int64_t to_whole(double value) {
  if (!(value >= -0x1p63 && value < 0x1p63)) {
    refuse(fmt::format("{} where a 64-bit integer is needed", value));
  }
  return static_cast<int64_t>(value);
}

int64_t add(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) refuse(fmt::format("{} + {} is too large", a, b));
  return sum;
}
int64_t subtract(int64_t a, int64_t b) {
  int64_t difference = 0;
  if (__builtin_sub_overflow(a, b, &difference)) refuse(fmt::format("{} - {} is too large", a, b));
  return difference;
}
int64_t multiply(int64_t a, int64_t b) {
  int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) refuse(fmt::format("{} * {} is too large", a, b));
  return product;
}
double add(double a, double b) { return a + b; }
double subtract(double a, double b) { return a - b; }
double multiply(double a, double b) { return a * b; }

template <class Op>
c10::IValue binary(const Stack& stack, Op op) {
  if (any_double(stack)) return c10::IValue(op(real(stack[0]), real(stack[1])));
  return c10::IValue(op(whole(stack[0]), whole(stack[1])));
}

c10::IValue negate(const Stack& stack) {
  if (stack[0].isDouble()) return c10::IValue(-stack[0].toDouble());
  return c10::IValue(subtract(int64_t{0}, whole(stack[0])));
}

void refuse_zero(const Stack& stack) {
  if (real(stack[1]) == 0) refuse("a division by zero");
}

c10::IValue divide(const Stack& stack) {
  refuse_zero(stack);
  return c10::IValue(real(stack[0]) / real(stack[1]));
}

// Rounds down, as Python's // and % do, where C++ rounds to zero.
c10::IValue floor_divide(const Stack& stack) {
  refuse_zero(stack);
  if (any_double(stack)) return std::floor(real(stack[0]) / real(stack[1]));
  const int64_t a = whole(stack[0]), b = whole(stack[1]);
  if (b == -1) return negate({c10::IValue(a)});  // the lowest integer has no quotient by -1
  return a / b - static_cast<int64_t>(a % b != 0 && (a < 0) != (b < 0));
}

c10::IValue modulo(const Stack& stack) {
  refuse_zero(stack);
  if (any_double(stack)) {
    const double a = real(stack[0]), b = real(stack[1]);
    return a - std::floor(a / b) * b;
  }
  const int64_t a = whole(stack[0]), b = whole(stack[1]);
  if (b == -1) return int64_t{0};
  const int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

c10::IValue power(const Stack& stack) {
  const double value = std::pow(real(stack[0]), real(stack[1]));
  if (any_double(stack) || real(stack[1]) < 0) return value;
  return to_whole(value);
}

std::map<std::string, Arithmetic> make_table() {
  std::map<std::string, Arithmetic> table;
  const auto unary = [&](const char* op, Arithmetic::Function function) {
    table[op] = {1, function};
  };
  const auto two = [&](const char* op, Arithmetic::Function function) {
    table[op] = {2, function};
  };
  two("_operator::add",
      [](const Stack& s) { return binary(s, [](auto a, auto b) { return add(a, b); }); });
  two("_operator::sub",
      [](const Stack& s) { return binary(s, [](auto a, auto b) { return subtract(a, b); }); });
  two("_operator::mul",
      [](const Stack& s) { return binary(s, [](auto a, auto b) { return multiply(a, b); }); });
  two("_operator::eq",
      [](const Stack& s) { return binary(s, [](auto a, auto b) { return a == b; }); });
  two("_operator::ne",
      [](const Stack& s) { return binary(s, [](auto a, auto b) { return a != b; }); });
  two("_operator::lt",
      [](const Stack& s) { return binary(s, [](auto a, auto b) { return a < b; }); });
  two("_operator::le",
      [](const Stack& s) { return binary(s, [](auto a, auto b) { return a <= b; }); });
  two("_operator::gt",
      [](const Stack& s) { return binary(s, [](auto a, auto b) { return a > b; }); });
  two("_operator::ge",
      [](const Stack& s) { return binary(s, [](auto a, auto b) { return a >= b; }); });
  two("_operator::sym_min",
      [](const Stack& s) { return binary(s, [](auto a, auto b) { return std::min(a, b); }); });
  two("_operator::sym_max",
      [](const Stack& s) { return binary(s, [](auto a, auto b) { return std::max(a, b); }); });
  two("_operator::and_",
      [](const Stack& s) { return c10::IValue(real(s[0]) != 0 && real(s[1]) != 0); });
  two("_operator::or_",
      [](const Stack& s) { return c10::IValue(real(s[0]) != 0 || real(s[1]) != 0); });
  two("_operator::truediv", divide);
  two("_operator::floordiv", floor_divide);
  two("_operator::mod", modulo);
  two("_operator::pow", power);
  const auto negation = [](const Stack& s) { return c10::IValue(real(s[0]) == 0); };
  unary("_operator::not_", negation);
  unary("_operator::sym_not", negation);
  unary("_operator::neg", negate);
  const auto truncate = [](const Stack& s) { return c10::IValue(to_whole(real(s[0]))); };
  unary("_operator::sym_int", truncate);
  unary("math::trunc", truncate);
  unary("_operator::sym_float", [](const Stack& s) { return c10::IValue(real(s[0])); });
  unary("math::ceil", [](const Stack& s) { return c10::IValue(to_whole(std::ceil(real(s[0])))); });
  unary("math::floor",
        [](const Stack& s) { return c10::IValue(to_whole(std::floor(real(s[0])))); });
  unary("math::sqrt", [](const Stack& s) { return c10::IValue(std::sqrt(real(s[0]))); });
  table["_operator::sym_ite"] = {3, [](const Stack& s) { return real(s[0]) != 0 ? s[1] : s[2]; }};
  return table;
}

}  // namespace

const Arithmetic* find_arithmetic(const std::string& op) {
  static const std::map<std::string, Arithmetic> table = make_table();
  const auto found = table.find(op);
  return found == table.end() ? nullptr : &found->second;
}

}  // namespace maas
