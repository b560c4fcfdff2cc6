#include "program/dim_expression.h"

#include <algorithm>
#include <cmath>

#include "program/dim_term.h"

namespace maas {
namespace {

// Python's numbers: integers, here of 64 bits, and floats.
struct Number {
  int64_t whole = 0;
  double real = 0;
  bool is_real = false;
  Number(int64_t n) : whole(n) {}               // NOLINT(google-explicit-constructor)
  Number(double x) : real(x), is_real(true) {}  // NOLINT(google-explicit-constructor)
  double as_real() const { return is_real ? real : static_cast<double>(whole); }
};
using Value = std::optional<Number>;

Value checked(double real) { return std::isfinite(real) ? Value(real) : std::nullopt; }

Value to_whole(double real) {
  if (!(real >= -0x1p63 && real < 0x1p63)) return std::nullopt;
  return Number(static_cast<int64_t>(real));
}

Value whole_power(int64_t base, int64_t exponent) {
  if (exponent < 0 || exponent > 62) return std::nullopt;
  int64_t out = 1;
  for (int64_t i = 0; i < exponent; ++i) {
    if (__builtin_mul_overflow(out, base, &out)) return std::nullopt;
  }
  return out;
}

Value combine_whole(char kind, int64_t a, int64_t b) {
  int64_t out = 0;
  switch (kind) {
    case '+':
      return __builtin_add_overflow(a, b, &out) ? std::nullopt : Value(out);
    case '-':
      return __builtin_sub_overflow(a, b, &out) ? std::nullopt : Value(out);
    case '*':
      return __builtin_mul_overflow(a, b, &out) ? std::nullopt : Value(out);
    case '^':
      return whole_power(a, b);
    default:
      break;
  }
  if (b == 0 || (a == INT64_MIN && b == -1)) return std::nullopt;
  const int64_t quotient = a / b - ((a % b != 0 && ((a < 0) != (b < 0))) ? 1 : 0);
  return kind == '%' ? a - quotient * b : quotient;
}

Value combine_real(char kind, double a, double b) {
  if (kind == '+') return checked(a + b);
  if (kind == '-') return checked(a - b);
  if (kind == '*') return checked(a * b);
  if (kind == '^') return checked(std::pow(a, b));
  return kind == '%' ? checked(a - std::floor(a / b) * b) : checked(std::floor(a / b));
}

int64_t compare(char kind, const Number& a, const Number& b) {
  const bool real = a.is_real || b.is_real;
  const int order = real ? (a.as_real() > b.as_real()) - (a.as_real() < b.as_real())
                         : (a.whole > b.whole) - (a.whole < b.whole);
  const bool unequal = order != 0;
  switch (kind) {
    case '=':
      return unequal ? 0 : 1;
    case '!':
      return unequal ? 1 : 0;
    case '<':
      return order < 0 ? 1 : 0;
    case '>':
      return order > 0 ? 1 : 0;
    case 'l':
      return order <= 0 ? 1 : 0;
    default:
      return order >= 0 ? 1 : 0;
  }
}

Value combine(char kind, const Number& a, const Number& b) {
  switch (kind) {
    case 'M':
      return a.as_real() < b.as_real() ? b : a;
    case 'm':
      return b.as_real() < a.as_real() ? b : a;
    case 'D':
    case 'd':
      return checked(a.as_real() / b.as_real());
    case '&':
      return Number(int64_t{a.as_real() != 0 && b.as_real() != 0});
    case '|':
      return Number(int64_t{a.as_real() != 0 || b.as_real() != 0});
    case '=':
    case '!':
    case '<':
    case '>':
    case 'l':
    case 'g':
      return Number(compare(kind, a, b));
    default:
      return a.is_real || b.is_real ? combine_real(kind, a.as_real(), b.as_real())
                                    : combine_whole(kind, a.whole, b.whole);
  }
}

Value apply(char kind, const Number& a) {
  if (kind == '~') return Number(int64_t{a.as_real() == 0});
  if (kind == 'R') return Number(a.as_real());
  if (!a.is_real) return a;
  if (kind == 'c') return to_whole(std::ceil(a.real));
  return to_whole(kind == 't' ? std::trunc(a.real) : std::floor(a.real));
}

bool is_unary(char kind) { return std::string_view("~Rcft").find(kind) != std::string_view::npos; }

Value value_of(const DimExpression::Term& term, const SymbolValues& values) {
  if (term.kind == 'n') return Number(term.number);
  if (term.kind == 'r') return Number(term.real);
  if (term.kind == 's') {
    const auto found = values.find(term.name);
    return found == values.end() ? std::nullopt : Value(found->second);
  }
  Value total = value_of(*term.parts[0], values);
  if (total && is_unary(term.kind)) return apply(term.kind, *total);
  for (size_t i = 1; i < term.parts.size() && total; ++i) {
    const Value next = value_of(*term.parts[i], values);
    total = next ? combine(term.kind, *total, *next) : std::nullopt;
  }
  return total;
}

}  // namespace

std::optional<DimExpression> DimExpression::of(std::shared_ptr<const Term> root) {
  if (!root) return std::nullopt;
  DimExpression expression;
  expression.root_ = std::move(root);
  return expression;
}

std::optional<DimExpression> DimExpression::parse(std::string_view text) {
  return of(parse_dim_term(text, false));
}

std::optional<DimExpression> DimExpression::parse_rule(std::string_view text) {
  return of(parse_dim_term(text, true));
}

std::optional<int64_t> DimExpression::evaluate(const SymbolValues& values) const {
  const Value value = value_of(*root_, values);
  if (!value) return std::nullopt;
  if (!value->is_real) return value->whole;
  const Value whole = to_whole(value->real);
  const bool is_whole = whole && static_cast<double>(whole->whole) == value->real;
  return is_whole ? std::optional(whole->whole) : std::nullopt;
}

std::set<std::string> DimExpression::symbols() const {
  std::set<std::string> found;
  const auto walk = [&](auto&& self, const Term& term) -> void {
    if (term.kind == 's') found.insert(term.name);
    for (const auto& part : term.parts) self(self, *part);
  };
  walk(walk, *root_);
  return found;
}

namespace {

using Spell = std::function<std::string(const std::string&)>;

struct Spelling {
  char kind;
  const char* sympy;   // a function where it begins with a capital letter, a joint otherwise
  const char* python;  // a function where it ends in "("
};

// Functions stay functions for sympy, so that it reads them back with its own meaning of // and %.
constexpr Spelling kSpellings[] = {
    {'+', " + ", " + "},
    {'-', " - ", " - "},
    {'*', "*", "*"},
    {'^', "**", "**"},
    {'/', "FloorDiv", "//"},
    {'C', "CleanDiv", "//"},
    {'%', "Mod", " % "},
    {'M', "Max", "max("},
    {'m', "Min", "min("},
    {'D', "FloatTrueDiv", " / "},
    {'d', "IntTrueDiv", " / "},
    {'R', "ToFloat", "float("},
    {'c', "CeilToInt", "math.ceil("},
    {'f', "FloorToInt", "math.floor("},
    {'t', "TruncToInt", "math.trunc("},
    {'=', " == ", " == "},
    {'!', " != ", " != "},
    {'<', " < ", " < "},
    {'>', " > ", " > "},
    {'l', " <= ", " <= "},
    {'g', " >= ", " >= "},
    {'&', " and ", " and "},
    {'|', " or ", " or "},
    {'~', "not ", "not "},
};

const Spelling& spelling_of(char kind) {
  return *std::find_if(std::begin(kSpellings), std::end(kSpellings),
                       [&](const Spelling& spelling) { return spelling.kind == kind; });
}

// A product needs no brackets in a sum or a comparison; anything does beside //, % and **.
bool is_bare(const DimExpression::Term& term, char parent) {
  if (parent == 0) return true;
  if (term.kind == 'n') return term.number >= 0 || parent != '^';
  return term.kind == '*' && std::string_view("+-*=!<>lg").find(parent) != std::string_view::npos;
}

// `spell` decides how a symbol looks; `parent` is the kind of the term around it, 0 = a function or
// nothing.
std::string print(const DimExpression::Term& term, const Spell& spell, bool for_python,
                  char parent) {
  if (term.kind == 'n') {
    const std::string text = std::to_string(term.number);
    return is_bare(term, parent) ? text : "(" + text + ")";
  }
  if (term.kind == 'r') return term.name;
  if (term.kind == 's') return spell(term.name);
  const Spelling& spelling = spelling_of(term.kind);
  std::string word = for_python ? spelling.python : spelling.sympy;
  const bool is_function =
      for_python ? word.back() == '(' : std::isupper(static_cast<unsigned char>(word[0])) != 0;
  if (is_function && word.back() == '(') word.pop_back();
  const std::string joint = is_function ? ", " : word;
  std::string text;
  for (const auto& part : term.parts) {
    if (!text.empty()) text += joint;
    text += print(*part, spell, for_python, is_function ? '\0' : term.kind);
  }
  if (is_function) return word + "(" + text + ")";
  if (term.kind == '~') text = word + text;
  return is_bare(term, parent) ? text : "(" + text + ")";
}

}  // namespace

std::string DimExpression::infix() const {
  return print(
      *root_, [](const std::string& name) { return name; }, false, '\0');
}

std::string DimExpression::exported() const {
  const auto spell = [](const std::string& name) {
    return "Symbol('" + name + "', positive=True, integer=True)";
  };
  return print(*root_, spell, false, '\0');
}

std::string DimExpression::python(const Spell& spell) const {
  return print(*root_, spell, true, '\0');
}

}  // namespace maas
