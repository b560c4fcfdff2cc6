#include "train/tune_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numeric>
#include <optional>
#include <set>

#include "base/throw_error.h"
#include "config/describe_field.h"
#include "config/walk_fields.h"
#include "tensor/random.h"
#include "train/experiment.h"

namespace maas {
namespace {

std::string trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(' ');
  return first == std::string::npos ? ""
                                    : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::optional<double> number_of(const std::string& text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  const bool whole = error == std::errc() && stop == end && std::isfinite(number);
  return whole ? std::optional(number) : std::nullopt;
}

bool is_whole(const std::string& text) {
  return !text.empty() && text.find_first_not_of("-0123456789") == std::string::npos;
}

[[noreturn]] void refuse(const std::string& setting, const std::string& what,
                         const std::string& expected) {
  throw_usage("tune.settings: " + setting, what, expected,
              "write numbers as \"1e-4 .. 1e-1\", choices as \"16 | 32 | 64\"");
}

// The choices between bars; those in brackets stay together.
std::vector<std::string> choices_of(const std::string& text) {
  std::vector<std::string> choices = {""};
  int depth = 0;
  for (const char c : text) {
    depth += (c == '[' || c == '{' ? 1 : 0) - (c == ']' || c == '}' ? 1 : 0);
    if (c == '|' && depth == 0) {
      choices.emplace_back();
    } else {
      choices.back() += c;
    }
  }
  for (std::string& choice : choices) choice = trimmed(choice);
  return choices;
}

std::set<std::string> settings_of_fractions() {
  Experiment experiment;
  std::set<std::string> names;
  walk_fields(section_of(experiment), [&](const std::string& key, const Field& field) {
    if (takes_fractions(field)) names.insert(key);
  });
  return names;
}

// In [0, 1), by name.
double uniform(uint64_t seed, const std::string& name) {
  return static_cast<double>(mix_seed(seed, name) >> 11) * 0x1p-53;
}

// Ranks from 0; equal values share the mean of theirs.
std::vector<double> ranks_of(const std::vector<double>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (size_t i = begin; i < end; ++i) {
      ranks[order[i]] = static_cast<double>(begin + end - 1) / 2;
    }
    begin = end;
  }
  return ranks;
}

double squares_around(const std::vector<double>& values, const std::vector<double>& fitted) {
  double sum = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    sum += (values[i] - fitted[i]) * (values[i] - fitted[i]);
  }
  return sum;
}

// Least squares by a parabola over x, which is scaled to [-1, 1].
std::vector<double> parabola(std::vector<double> x, const std::vector<double>& y) {
  const auto [low, high] = std::minmax_element(x.begin(), x.end());
  const double middle = (*low + *high) / 2, half = std::max((*high - *low) / 2, 1e-300);
  for (double& value : x) value = (value - middle) / half;
  std::array<std::array<double, 4>, 3> rows{};  // normal equations with their right side
  for (size_t i = 0; i < x.size(); ++i) {
    const std::array<double, 3> powers = {1, x[i], x[i] * x[i]};
    for (size_t a = 0; a < 3; ++a) {
      for (size_t b = 0; b < 3; ++b) rows[a][b] += powers[a] * powers[b];
      rows[a][3] += powers[a] * y[i];
    }
  }
  for (size_t a = 0; a < 3; ++a) {
    rows[a][a] += 1e-9 * static_cast<double>(x.size());  // of one or two different x
    for (size_t b = 0; b < 3; ++b) {
      if (a == b) continue;
      const double factor = rows[b][a] / rows[a][a];
      for (size_t c = a; c < 4; ++c) rows[b][c] -= factor * rows[a][c];
    }
  }
  std::vector<double> fitted;
  for (const double value : x) {
    double sum = 0;
    for (size_t a = 3; a-- > 0;) sum = sum * value + rows[a][3] / rows[a][a];
    fitted.push_back(sum);
  }
  return fitted;
}

std::vector<double> group_means(const std::vector<std::string>& groups,
                                const std::vector<double>& y) {
  std::map<std::string, std::pair<double, double>> sums;
  for (size_t i = 0; i < y.size(); ++i) {
    sums[groups[i]].first += y[i];
    sums[groups[i]].second += 1;
  }
  std::vector<double> fitted;
  fitted.reserve(groups.size());
  for (const std::string& group : groups) {
    fitted.push_back(sums[group].first / sums[group].second);
  }
  return fitted;
}

}  // namespace

void TuneConfig::describe(Fields& field) {
  field("settings", settings)
      .doc(
          "setting: its values. \"1e-4 .. 1e-1\": numbers, by their logarithm where the end is 100 "
          "times the start or more; \"16 | 32 | 64\": choices");
  field("trials", trials)
      .between(1, 10000)
      .doc("how many random choices of all settings are tried");
  field("rounds", rounds)
      .between(1, 10)
      .doc("of successive halving; 1 = every trial has all epochs");
  field("keep", keep)
      .between(2, 10)
      .doc("one of so many trials goes on to the next round, with as many times the epochs");
  field("metric", metric)
      .doc(
          "of the validation rows, or the folds; none = train.early_stop.metric, else the first of "
          "eval.metrics");
}

SearchRange parse_range(const std::string& setting, const std::string& text) {
  SearchRange range{.setting = setting, .choices = {}};
  if (const size_t dots = text.find(".."); dots != std::string::npos) {
    const std::string start = trimmed(text.substr(0, dots)), end = trimmed(text.substr(dots + 2));
    const auto low = number_of(start), high = number_of(end);
    if (!low || !high) refuse(setting, fmt::format("'{}'", text), "two numbers");
    if (*low >= *high) refuse(setting, fmt::format("'{}'", text), "an end above the start");
    range.low = *low;
    range.high = *high;
    range.is_whole = is_whole(start) && is_whole(end);
    range.is_log = *low > 0 && *high >= 100 * *low;
    return range;
  }
  range.choices = choices_of(text);
  const bool empty = std::any_of(range.choices.begin(), range.choices.end(),
                                 [](const std::string& choice) { return choice.empty(); });
  if (empty || range.choices.size() < 2) {
    refuse(setting, fmt::format("'{}'", text), "two choices or more, or a range of numbers");
  }
  return range;
}

std::vector<SearchRange> search_space(const TuneConfig& config) {
  const std::set<std::string> fractions = settings_of_fractions();
  std::vector<SearchRange> space;
  for (const auto& [setting, text] : config.settings) {
    space.push_back(parse_range(setting, text));
    // "0 .. 1" of a dropout: two numbers would be drawn, and are not meant.
    if (fractions.contains(with_any_index(setting))) space.back().is_whole = false;
  }
  if (!space.empty()) return space;
  throw_usage("tune.settings", "names no setting", "what to search",
              "write tune: {settings: {train.learning_rate: 1e-4 .. 1e-1}}");
}

std::string drawn_value(const SearchRange& range, uint64_t seed, int64_t trial) {
  const double share = uniform(seed, fmt::format("trial {} {}", trial, range.setting));
  if (!range.choices.empty()) {
    return range.choices[static_cast<size_t>(share * static_cast<double>(range.choices.size()))];
  }
  // Whole numbers from half below the lowest to half above the highest, then rounded.
  const double margin = range.is_whole ? 0.5 : 0;
  double low = range.low - margin, high = range.high + margin;
  if (range.is_log) low = std::log(std::max(low, range.low / 2)), high = std::log(high);
  double value = low + share * (high - low);
  if (range.is_log) value = std::exp(value);
  if (!range.is_whole) return fmt::format("{:.4g}", value);
  return fmt::format("{:.0f}", std::clamp(std::round(value), range.low, range.high));
}

std::vector<int64_t> round_epochs(const TuneConfig& config, int64_t epochs) {
  std::vector<int64_t> rounds = {epochs};
  while (static_cast<int64_t>(rounds.size()) < config.rounds && rounds.front() >= config.keep) {
    rounds.insert(rounds.begin(), rounds.front() / config.keep);
  }
  return rounds;
}

std::vector<double> setting_importance(const std::vector<SearchRange>& space,
                                       const std::vector<std::vector<std::string>>& drawn,
                                       const std::vector<double>& values) {
  const std::vector<double> ranks = ranks_of(values);
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(ranks.begin(), ranks.end(), 0.0) / std::max(n, 1.0);
  const double all = squares_around(ranks, std::vector<double>(ranks.size(), mean));
  std::vector<double> importance;
  for (size_t s = 0; s < space.size(); ++s) {
    const SearchRange& range = space[s];
    double parameters = 2;
    std::vector<double> fitted;
    if (range.choices.empty()) {
      std::vector<double> x;
      for (const std::string& value : drawn[s]) {
        const double number = number_of(value).value_or(0);
        x.push_back(range.is_log ? std::log(number) : number);
      }
      fitted = x.empty() ? x : parabola(x, ranks);
    } else {
      fitted = group_means(drawn[s], ranks);
      parameters = static_cast<double>(range.choices.size() - 1);
    }
    const double left = n - 1 - parameters;
    const double unexplained =
        all > 0 && left > 0 ? squares_around(ranks, fitted) / left / (all / (n - 1)) : 1;
    importance.push_back(std::clamp(1 - unexplained, 0.0, 1.0));
  }
  return importance;
}

}  // namespace maas
