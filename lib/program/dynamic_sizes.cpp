#include "program/dynamic_sizes.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/throw_error.h"

namespace maas {
namespace {

// torch.export writes 2 as the least of every dynamic size, as 0 and 1 are special to its tracer;
// it means no bound by that.
constexpr int64_t kNoLowerBound = 2;

[[noreturn]] void refuse(const std::string& where, int64_t size, const std::string& expected) {
  throw_input(where, fmt::format("is {}", size), expected);
}

// a*n + b, for an expression in one symbol that looks so wherever it is tried.
struct Line {
  int64_t slope = 0, offset = 0;
};
std::optional<Line> as_line(const DimExpression& expression, const std::string& symbol) {
  const auto at = [&](int64_t n) { return expression.evaluate({{symbol, n}}); };
  const auto zero = at(0), one = at(1);
  if (!zero || !one || *zero == *one) return std::nullopt;
  const Line line{*one - *zero, *zero};
  for (const int64_t n : {2, 3, 7, 64, 1000}) {
    if (at(n) != line.slope * n + line.offset) return std::nullopt;
  }
  return line;
}

// The number that gives the expression this size; nullopt where none does, or more than one may.
std::optional<int64_t> solved(const DimExpression& expression, const std::string& symbol,
                              int64_t size) {
  const auto line = as_line(expression, symbol);
  if (!line || (size - line->offset) % line->slope != 0) return std::nullopt;
  return (size - line->offset) / line->slope;
}

}  // namespace

DynamicSizes::DynamicSizes(const Program& program) : ranges_(program.symbols), rules_(program) {
  const auto inputs = program.user_inputs();
  for (size_t i = 0; i < inputs.size(); ++i) {
    names_.push_back(inputs[i]->target);
    if (inputs[i]->value == kNoValue) continue;
    const std::vector<Dim>& shape = program.value(inputs[i]->value).shape;
    for (size_t d = 0; d < shape.size(); ++d) {
      if (!shape[d].is_symbolic()) continue;
      const auto expression = DimExpression::parse(shape[d].expression);
      if (!expression) continue;
      const auto symbols = expression->symbols();
      const bool alone = symbols.size() == 1 && expression->infix() == *symbols.begin();
      places_.push_back({i, d, *expression, alone ? *symbols.begin() : std::string()});
    }
  }
  std::stable_partition(places_.begin(), places_.end(),
                        [](const Place& place) { return !place.symbol.empty(); });
}

int64_t DynamicSizes::lowest_of(const std::string& symbol) const {
  const auto found = ranges_.find(symbol);
  const int64_t lowest = found == ranges_.end() ? 1 : found->second.min.value_or(1);
  return lowest <= kNoLowerBound ? 1 : lowest;
}

std::optional<int64_t> DynamicSizes::highest_of(const std::string& symbol) const {
  const auto found = ranges_.find(symbol);
  return found == ranges_.end() ? std::nullopt : found->second.max;
}

std::string DynamicSizes::text_of(const Place& place) const {
  return fmt::format("input '{}', size of dimension {},", names_[place.input], place.dim);
}

std::optional<int64_t> DynamicSizes::highest(size_t input, size_t dim) const {
  for (const Place& place : places_) {
    if (place.input == input && place.dim == dim && !place.symbol.empty()) {
      return highest_of(place.symbol);
    }
  }
  return std::nullopt;
}

void DynamicSizes::check_range(const Place& place, const std::string& symbol, int64_t number,
                               int64_t size) const {
  const int64_t lowest = lowest_of(symbol);
  const auto highest = highest_of(symbol);
  if (number >= lowest && (!highest || number <= *highest)) return;
  const std::string range =
      highest ? fmt::format("{} to {}", lowest, *highest) : fmt::format("at least {}", lowest);
  refuse(text_of(place), size,
         place.symbol.empty()
             ? fmt::format("{} with {} {}", place.expression.infix(), symbol, range)
             : range);
}

void DynamicSizes::take_symbol(const Place& place, int64_t size, Sizes& known) const {
  const auto [entry, is_new] = known.try_emplace(place.symbol, Known{size, &place});
  if (is_new) return check_range(place, place.symbol, size, size);
  const Place& first = *entry->second.place;
  if (entry->second.size == size) return;
  refuse(text_of(place), size,
         fmt::format("{}, as dimension {} of input '{}' has", entry->second.size, first.dim,
                     names_[first.input]));
}

void DynamicSizes::check_computed(const Place& place, int64_t size, Sizes& known) const {
  const auto symbols = place.expression.symbols();
  SymbolValues values;
  for (const std::string& symbol : symbols) {
    if (const auto found = known.find(symbol); found != known.end()) {
      values[symbol] = found->second.size;
    } else if (symbols.size() == 1) {
      if (!as_line(place.expression, symbol)) return;
      const auto number = solved(place.expression, symbol, size);
      if (!number) refuse(text_of(place), size, "a size of the form " + place.expression.infix());
      check_range(place, symbol, *number, size);
      known[symbol] = {*number, &place};
      return;
    }
  }
  const auto wanted = place.expression.evaluate(values);
  if (!wanted || *wanted == size) return;  // a symbol that no input determines: the graph will tell
  refuse(text_of(place), size, fmt::format("{} = {}", place.expression.infix(), *wanted));
}

void DynamicSizes::check(const std::vector<at::Tensor>& inputs) const {
  Sizes known;
  for (const Place& place : places_) {
    const int64_t size = inputs.at(place.input).size(static_cast<int64_t>(place.dim));
    place.symbol.empty() ? check_computed(place, size, known) : take_symbol(place, size, known);
  }
  SymbolValues sizes;
  for (const auto& [symbol, size] : known) sizes[symbol] = size.size;
  refuse_broken(sizes, inputs);
}

void DynamicSizes::check_rules(const std::vector<at::Tensor>& inputs) const {
  if (rules_.empty()) return;
  SymbolValues sizes;
  for (const Place& place : places_) {
    const int64_t size = inputs.at(place.input).size(static_cast<int64_t>(place.dim));
    const auto symbols = place.expression.symbols();
    if (symbols.size() != 1) continue;
    const auto number = solved(place.expression, *symbols.begin(), size);
    if (number) sizes.try_emplace(*symbols.begin(), *number);
  }
  refuse_broken(sizes, inputs);
}

std::optional<std::string> DynamicSizes::spelled(const DimExpression& rule,
                                                 const SpellSize& spell) const {
  bool all = true;
  const std::string text = rule.python([&](const std::string& symbol) {
    for (const Place& place : places_) {
      const auto symbols = place.expression.symbols();
      if (symbols.size() != 1 || *symbols.begin() != symbol) continue;
      const std::string size = spell(place.input, place.dim);
      if (!place.symbol.empty()) return size;
      const auto line = as_line(place.expression, symbol);
      if (!line) continue;
      return fmt::format("(({} - {}) // {})", size, line->offset, line->slope);
    }
    all = false;
    return symbol;
  });
  return all ? std::optional(text) : std::nullopt;
}

std::string DynamicSizes::text_of(const DimExpression& rule) const {
  const auto text = spelled(rule, [this](size_t input, size_t dim) {
    return fmt::format("{}.size({})", names_[input], dim);
  });
  return text.value_or(rule.infix());
}

std::string DynamicSizes::nearest_text(const SymbolValues& sizes) const {
  const auto nearest = rules_.near(sizes);
  std::string text;
  for (const Place& place : places_) {
    if (!nearest) break;
    const auto wanted = place.expression.evaluate(*nearest);
    if (!wanted || wanted == place.expression.evaluate(sizes)) continue;
    text += fmt::format("{}{}.size({}) = {}", text.empty() ? "; nearest: " : ", ",
                        names_[place.input], place.dim, *wanted);
  }
  return "resize or pad the input: the model was exported for such sizes only" + text;
}

void DynamicSizes::refuse_broken(const SymbolValues& sizes,
                                 const std::vector<at::Tensor>& inputs) const {
  const DimExpression* rule = rules_.broken(sizes);
  if (rule == nullptr) return;
  const auto symbols = rule->symbols();
  for (const Place& place : places_) {
    const auto own = place.expression.symbols();
    if (own.size() != 1 || symbols.count(*own.begin()) == 0) continue;
    const int64_t size = inputs.at(place.input).size(static_cast<int64_t>(place.dim));
    throw_input(text_of(place), fmt::format("is {}", size), "sizes with " + text_of(*rule),
                nearest_text(sizes));
  }
}

}  // namespace maas
