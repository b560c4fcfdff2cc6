#include "program/dim_expression.h"

#include <algorithm>
#include <charconv>
#include <vector>

namespace maas {

struct DimExpression::Term {
  // 'n' number, 's' symbol, '+', '*', '-' (binary), '/' floor division, '%', '^', 'M' max, 'm' min,
  // 'C' clean division
  char kind = 'n';
  int64_t number = 0;
  std::string name;
  std::vector<std::shared_ptr<const Term>> parts;
};

namespace {
constexpr size_t kLongestText = 4096;
constexpr int kDeepest = 64;
}  // namespace

class DimParser {
 public:
  using Term = DimExpression::Term;
  using TermPtr = std::shared_ptr<const Term>;

  explicit DimParser(std::string_view text) : text_(text) {}

  std::optional<DimExpression> parse() {
    const TermPtr root = sum(0);
    skip_space();
    if (!root || at_ != text_.size()) return std::nullopt;
    DimExpression expression;
    expression.root_ = root;
    return expression;
  }

 private:
  static TermPtr make(char kind, std::vector<TermPtr> parts) {
    for (const TermPtr& part : parts) {
      if (!part) return nullptr;
    }
    auto term = std::make_shared<Term>();
    term->kind = kind;
    term->parts = std::move(parts);
    return term;
  }
  static TermPtr number(int64_t n) {
    auto term = std::make_shared<Term>();
    term->number = n;
    return term;
  }

  void skip_space() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool take(std::string_view token) {
    skip_space();
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }

  TermPtr sum(int depth) {
    if (depth > kDeepest) return nullptr;
    TermPtr left = product(depth + 1);
    while (left) {
      if (take("+")) {
        left = make('+', {left, product(depth + 1)});
      } else if (take("-")) {
        left = make('-', {left, product(depth + 1)});
      } else {
        break;
      }
    }
    return left;
  }

  TermPtr product(int depth) {
    TermPtr left = power(depth + 1);
    while (left) {
      skip_space();
      if (text_.substr(at_, 2) == "//") {
        at_ += 2;
        left = make('/', {left, power(depth + 1)});
      } else if (at_ < text_.size() && text_[at_] == '*' && text_.substr(at_, 2) != "**") {
        ++at_;
        left = make('*', {left, power(depth + 1)});
      } else if (take("%")) {
        left = make('%', {left, power(depth + 1)});
      } else {
        break;
      }
    }
    return left;
  }

  TermPtr power(int depth) {
    TermPtr base = atom(depth + 1);
    if (base && take("**")) return make('^', {base, atom(depth + 1)});
    return base;
  }

  TermPtr atom(int depth) {
    if (depth > kDeepest) return nullptr;
    if (take("(")) {
      TermPtr inner = sum(depth + 1);
      return take(")") ? inner : nullptr;
    }
    if (take("-")) return make('*', {number(-1), power(depth + 1)});
    skip_space();
    if (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') return literal();
    std::string name = identifier();
    if (name.empty()) return nullptr;
    if (!take("(")) return symbol(name);
    if (name == "Symbol") return symbol_call();
    return call(name, depth + 1);
  }

  TermPtr literal() {
    int64_t value = 0;
    const char* end = text_.data() + text_.size();
    const auto [stop, error] = std::from_chars(text_.data() + at_, end, value);
    if (error != std::errc()) return nullptr;
    at_ = static_cast<size_t>(stop - text_.data());
    return number(value);
  }

  std::string identifier() {
    const size_t start = at_;
    while (at_ < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_')) {
      ++at_;
    }
    return std::string(text_.substr(start, at_ - start));
  }

  static TermPtr symbol(const std::string& name) {
    auto term = std::make_shared<Term>();
    term->kind = 's';
    term->name = name;
    return term;
  }

  // Symbol('s0', positive=True, integer=True): the assumptions are always these for sizes.
  TermPtr symbol_call() {
    if (!take("'")) return nullptr;
    const std::string name = identifier();
    if (name.empty() || !take("'")) return nullptr;
    while (take(",")) {
      skip_space();
      if (identifier().empty() || !take("=")) return nullptr;
      skip_space();
      if (identifier().empty()) return nullptr;
    }
    return take(")") ? symbol(name) : nullptr;
  }

  TermPtr call(const std::string& name, int depth) {
    std::vector<TermPtr> parts;
    do {
      parts.push_back(sum(depth));
      if (!parts.back()) return nullptr;
    } while (take(","));
    if (!take(")")) return nullptr;
    const bool two = parts.size() == 2;
    if ((name == "Integer" || name == "floor" || name == "ToFloat") && parts.size() == 1) {
      return parts[0];
    }
    if (name == "Add") return make('+', std::move(parts));
    if (name == "Mul") return make('*', std::move(parts));
    if (name == "Max") return make('M', std::move(parts));
    if (name == "Min") return make('m', std::move(parts));
    if (name == "FloorDiv" && two) return make('/', std::move(parts));
    if (name == "CleanDiv" && two) return make('C', std::move(parts));
    if ((name == "Mod" || name == "PythonMod") && two) return make('%', std::move(parts));
    if (name == "Pow" && two) return make('^', std::move(parts));
    return nullptr;
  }

  std::string_view text_;
  size_t at_ = 0;
};

namespace {

using Value = std::optional<int64_t>;

Value combine(char kind, int64_t a, int64_t b) {
  int64_t out = 0;
  switch (kind) {
    case '+':
      return __builtin_add_overflow(a, b, &out) ? std::nullopt : Value(out);
    case '-':
      return __builtin_sub_overflow(a, b, &out) ? std::nullopt : Value(out);
    case '*':
      return __builtin_mul_overflow(a, b, &out) ? std::nullopt : Value(out);
    case 'M':
      return std::max(a, b);
    case 'm':
      return std::min(a, b);
    default:
      break;
  }
  if (kind == '^') {
    if (b < 0 || b > 62) return std::nullopt;
    out = 1;
    for (int64_t i = 0; i < b; ++i) {
      if (__builtin_mul_overflow(out, a, &out)) return std::nullopt;
    }
    return out;
  }
  if (b == 0 || (a == INT64_MIN && b == -1)) return std::nullopt;
  const int64_t quotient = a / b - ((a % b != 0 && ((a < 0) != (b < 0))) ? 1 : 0);
  return kind == '%' ? a - quotient * b : quotient;
}

}  // namespace

std::optional<DimExpression> DimExpression::parse(std::string_view text) {
  if (text.size() > kLongestText) return std::nullopt;
  return DimParser(text).parse();
}

std::optional<int64_t> DimExpression::evaluate(const SymbolValues& values) const {
  const auto walk = [&](auto&& self, const Term& term) -> Value {
    if (term.kind == 'n') return term.number;
    if (term.kind == 's') {
      const auto found = values.find(term.name);
      return found == values.end() ? std::nullopt : Value(found->second);
    }
    Value total = self(self, *term.parts[0]);
    for (size_t i = 1; i < term.parts.size() && total; ++i) {
      const Value next = self(self, *term.parts[i]);
      total = next ? combine(term.kind, *total, *next) : std::nullopt;
    }
    return total;
  };
  return walk(walk, *root_);
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

// Prints with `name_symbol` deciding how a symbol looks. Functions stay functions, so that sympy
// reads them back with its own meaning of // and %.
template <class Term, class NameSymbol>
std::string print(const Term& term, const NameSymbol& name_symbol, bool nested) {
  if (term.kind == 'n') return std::to_string(term.number);
  if (term.kind == 's') return name_symbol(term.name);
  const char* function = term.kind == '/'   ? "FloorDiv"
                         : term.kind == 'C' ? "CleanDiv"
                         : term.kind == '%' ? "Mod"
                         : term.kind == 'M' ? "Max"
                         : term.kind == 'm' ? "Min"
                                            : nullptr;
  const char* joint = function != nullptr ? ", "
                      : term.kind == '*'  ? "*"
                      : term.kind == '^'  ? "**"
                      : term.kind == '-'  ? " - "
                                          : " + ";
  std::string text;
  for (const auto& part : term.parts) {
    if (!text.empty()) text += joint;
    text += print(*part, name_symbol, function == nullptr);
  }
  if (function != nullptr) return std::string(function) + "(" + text + ")";
  return nested && term.kind != '*' ? "(" + text + ")" : text;
}

}  // namespace

std::string DimExpression::infix() const {
  return print(
      *root_, [](const std::string& name) { return name; }, false);
}

std::string DimExpression::exported() const {
  const auto spell = [](const std::string& name) {
    return "Symbol('" + name + "', positive=True, integer=True)";
  };
  return print(*root_, spell, false);
}

}  // namespace maas
