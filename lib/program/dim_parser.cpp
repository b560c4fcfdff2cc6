// Recursive descent, in Python's order of binding: or, and, not, comparisons, sums, products,
// signs, powers.
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

#include "program/dim_term.h"

namespace maas {
namespace {

constexpr size_t kLongestText = 4096;
constexpr int kDeepest = 64;

struct Function {
  std::string_view name;
  char kind;
  size_t parts;  // 0 = any number
};

// sympy's names, those of torch/utils/_sympy/functions.py, and Python's, as guards are printed.
constexpr std::array<Function, 34> kFunctions = {{
    {"Add", '+', 0},
    {"Mul", '*', 0},
    {"Max", 'M', 0},
    {"max", 'M', 0},
    {"Min", 'm', 0},
    {"min", 'm', 0},
    {"FloorDiv", '/', 2},
    {"CleanDiv", 'C', 2},
    {"Mod", '%', 2},
    {"PythonMod", '%', 2},
    {"Pow", '^', 2},
    {"PowByNatural", '^', 2},
    {"FloatTrueDiv", 'D', 2},
    {"IntTrueDiv", 'd', 2},
    {"ToFloat", 'R', 1},
    {"float", 'R', 1},
    {"torch.sym_float", 'R', 1},
    {"CeilToInt", 'c', 1},
    {"ceiling", 'c', 1},
    {"math.ceil", 'c', 1},
    {"FloorToInt", 'f', 1},
    {"floor", 'f', 1},
    {"math.floor", 'f', 1},
    {"TruncToInt", 't', 1},
    {"math.trunc", 't', 1},
    {"Eq", '=', 2},
    {"Ne", '!', 2},
    {"Lt", '<', 2},
    {"Le", 'l', 2},
    {"Gt", '>', 2},
    {"Ge", 'g', 2},
    {"And", '&', 0},
    {"Or", '|', 0},
    {"Not", '~', 1},
}};

bool is_of_rules(char kind) {
  return std::string_view("=!<>lg&|~").find(kind) != std::string_view::npos;
}

class DimParser {
 public:
  using Term = DimExpression::Term;
  using TermPtr = std::shared_ptr<const Term>;

  DimParser(std::string_view text, bool rules) : text_(text), rules_(rules) {}

  TermPtr parse() {
    const TermPtr root = whole(0);
    skip_space();
    return at_ == text_.size() ? root : nullptr;
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
  bool take_word(std::string_view word) {
    skip_space();
    const size_t end = at_ + word.size();
    const bool goes_on = end < text_.size() && is_of_name(text_[end]);
    return !goes_on && take(word);
  }

  TermPtr whole(int depth) { return rules_ ? either(depth) : sum(depth); }

  TermPtr either(int depth) {
    if (depth > kDeepest) return nullptr;
    TermPtr left = both(depth + 1);
    while (left && (take_word("or") || take("|"))) left = make('|', {left, both(depth + 1)});
    return left;
  }

  TermPtr both(int depth) {
    TermPtr left = negation(depth + 1);
    while (left && (take_word("and") || take("&"))) left = make('&', {left, negation(depth + 1)});
    return left;
  }

  TermPtr negation(int depth) {
    if (depth > kDeepest) return nullptr;
    if (take_word("not") || take("~")) return make('~', {negation(depth + 1)});
    return comparison(depth + 1);
  }

  TermPtr comparison(int depth) {
    static constexpr std::pair<std::string_view, char> kSigns[] = {
        {"==", '='}, {"!=", '!'}, {"<=", 'l'}, {">=", 'g'}, {"<", '<'}, {">", '>'}};
    TermPtr left = sum(depth + 1);
    if (!left) return nullptr;
    for (const auto& [sign, kind] : kSigns) {
      if (take(sign)) return make(kind, {left, sum(depth + 1)});
    }
    return left;
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
      if (take("//")) {
        left = make('/', {left, power(depth + 1)});
      } else if (take("/")) {
        left = make('d', {left, power(depth + 1)});
      } else if (text_.substr(at_, 2) != "**" && take("*")) {
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
      TermPtr inner = whole(depth + 1);
      return take(")") ? inner : nullptr;
    }
    if (take("-")) return negative(power(depth + 1));
    skip_space();
    if (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') return literal();
    const std::string_view name = identifier();
    if (name.empty()) return nullptr;
    if (!take("(")) return name.find('.') == name.npos ? symbol(name) : nullptr;
    if (name == "Symbol") return symbol_call();
    return call(name, depth + 1);
  }

  static TermPtr negative(const TermPtr& term) {
    const bool is_number = term && term->kind == 'n';
    return is_number ? number(-term->number) : make('*', {number(-1), term});
  }

  TermPtr literal() {
    const char* begin = text_.data() + at_;
    const char* end = text_.data() + text_.size();
    int64_t value = 0;
    const auto [stop, error] = std::from_chars(begin, end, value);
    if (error != std::errc()) return nullptr;
    if (stop != end && (*stop == '.' || *stop == 'e')) return real_literal(begin, end);
    at_ = static_cast<size_t>(stop - text_.data());
    return number(value);
  }

  TermPtr real_literal(const char* begin, const char* end) {
    auto term = std::make_shared<Term>();
    term->kind = 'r';
    const auto [stop, error] = std::from_chars(begin, end, term->real);
    if (error != std::errc()) return nullptr;
    term->name = std::string(begin, stop);
    at_ = static_cast<size_t>(stop - text_.data());
    return term;
  }

  static bool is_of_name(char letter) {
    return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_' || letter == '.';
  }
  std::string_view identifier() {
    const size_t start = at_;
    while (at_ < text_.size() && is_of_name(text_[at_])) ++at_;
    return text_.substr(start, at_ - start);
  }

  static TermPtr symbol(std::string_view name) {
    auto term = std::make_shared<Term>();
    term->kind = 's';
    term->name = name;
    return term;
  }

  // Symbol('s0', positive=True, integer=True): the assumptions are always these for sizes.
  TermPtr symbol_call() {
    if (!take("'")) return nullptr;
    const std::string_view name = identifier();
    if (name.empty() || !take("'")) return nullptr;
    while (take(",")) {
      skip_space();
      if (identifier().empty() || !take("=")) return nullptr;
      skip_space();
      if (identifier().empty()) return nullptr;
    }
    return take(")") ? symbol(name) : nullptr;
  }

  TermPtr call(std::string_view name, int depth) {
    std::vector<TermPtr> parts;
    do {
      parts.push_back(whole(depth));
      if (!parts.back()) return nullptr;
    } while (take(","));
    if (!take(")")) return nullptr;
    if (name == "Integer" && parts.size() == 1) return parts[0];
    for (const Function& function : kFunctions) {
      if (function.name != name || (is_of_rules(function.kind) && !rules_)) continue;
      const bool fits = function.parts == 0 || function.parts == parts.size();
      return fits ? make(function.kind, std::move(parts)) : nullptr;
    }
    return nullptr;
  }

  std::string_view text_;
  bool rules_;
  size_t at_ = 0;
};

}  // namespace

std::shared_ptr<const DimExpression::Term> parse_dim_term(std::string_view text, bool rules) {
  if (text.size() > kLongestText) return nullptr;
  return DimParser(text, rules).parse();
}

}  // namespace maas
