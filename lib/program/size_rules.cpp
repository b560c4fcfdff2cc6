#include "program/size_rules.h"

#include <algorithm>

namespace maas {
namespace {

constexpr int64_t kReach = 1024;        // how far from the wanted size a multiple of 1024 may lie
constexpr int64_t kMostTries = 200000;  // rules computed in one search
constexpr size_t kMostRules = 1024;     // a file may hold any number of them

}  // namespace

struct SizeRules::Step {
  std::string symbol;
  int64_t size = 0;
  int64_t broken = 0, distance = 0;
  bool operator<(const Step& other) const {
    return std::pair(broken, distance) < std::pair(other.broken, other.distance);
  }
};

SizeRules::SizeRules(const Program& program) : ranges_(program.symbols) {
  for (const std::string& text : program.size_rules) {
    const auto expression = DimExpression::parse_rule(text);
    if (expression && rules_.size() < kMostRules) {
      rules_.push_back({*expression, expression->symbols()});
    }
  }
}

bool SizeRules::holds(const Rule& rule, const SymbolValues& sizes) const {
  for (const std::string& symbol : rule.symbols) {
    if (sizes.count(symbol) == 0) return true;
  }
  return rule.expression.evaluate(sizes).value_or(0) != 0;
}

const DimExpression* SizeRules::broken(const SymbolValues& sizes) const {
  for (const Rule& rule : rules_) {
    if (!holds(rule, sizes)) return &rule.expression;
  }
  return nullptr;
}

int64_t SizeRules::count_broken(const SymbolValues& sizes) const {
  return std::count_if(rules_.begin(), rules_.end(),
                       [&](const Rule& rule) { return !holds(rule, sizes); });
}

bool SizeRules::may_be(const std::string& symbol, int64_t size) const {
  if (size < 1) return false;
  const auto range = ranges_.find(symbol);
  return range == ranges_.end() ||
         (size >= range->second.min.value_or(1) && size <= range->second.max.value_or(size));
}

// One symbol moved so that the rule holds, and as few others as possible are broken.
std::optional<SizeRules::Step> SizeRules::best_step(const Rule& rule, SymbolValues sizes,
                                                    const Search& search, int64_t& tries) const {
  std::optional<Step> best;
  for (const std::string& symbol : rule.symbols) {
    const auto place = sizes.find(symbol);
    if (place == sizes.end() || search.fixed.count(symbol) != 0) continue;
    const auto avoided = search.avoided.find(symbol);
    const int64_t start = place->second;
    for (int64_t i = 2; i <= 2 * kReach + 1 && tries < kMostTries; ++i) {
      const int64_t size = start + (i % 2 == 0 ? i / 2 : -(i / 2));
      if (!may_be(symbol, size)) continue;
      if (avoided != search.avoided.end() && avoided->second == size) continue;
      place->second = size;
      ++tries;
      if (!holds(rule, sizes)) continue;
      tries += static_cast<int64_t>(rules_.size());
      const Step step{symbol, size, count_broken(sizes), i / 2};
      if (!best || step < *best) best = step;
      if (step.broken == 0) break;  // farther ones are no better
    }
    place->second = start;
  }
  return best;
}

std::optional<SymbolValues> SizeRules::near(SymbolValues wanted, const Search& search) const {
  int64_t tries = 0;
  while (tries < kMostTries) {
    const auto rule = std::find_if(rules_.begin(), rules_.end(),
                                   [&](const Rule& each) { return !holds(each, wanted); });
    if (rule == rules_.end()) return wanted;
    const int64_t before = tries;
    const std::optional<Step> step = best_step(*rule, wanted, search, tries);
    if (!step || tries == before) return std::nullopt;
    wanted[step->symbol] = step->size;
  }
  return std::nullopt;
}

}  // namespace maas
