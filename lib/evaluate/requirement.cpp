#include "evaluate/requirement.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

#include "base/did_you_mean.h"

namespace maas {
namespace {

Problem malformed(const std::string& metric, const std::string& text) {
  return {.where = "eval.require." + metric,
          .what = "cannot read the requirement '" + text + "'",
          .expected = ">=, >, <= or < and a number, as in \">= 0.98\" or \"> 98%\"",
          .fix = fmt::format("write {}: \">= 0.98\"", metric)};
}

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// The operator at the front is taken off `rest`; false when there is none.
bool take_comparison(std::string_view& rest, Comparison& comparison) {
  static constexpr std::array<std::pair<std::string_view, Comparison>, 4> kSigns = {
      {{">=", Comparison::kAtLeast},
       {"<=", Comparison::kAtMost},
       {">", Comparison::kAbove},
       {"<", Comparison::kBelow}}};
  for (const auto& [sign, meaning] : kSigns) {
    if (!rest.starts_with(sign)) continue;
    comparison = meaning;
    rest = trimmed(rest.substr(sign.size()));
    return true;
  }
  return false;
}

bool read_bound(std::string_view rest, double& bound) {
  const bool percent = rest.ends_with('%');
  if (percent) rest = trimmed(rest.substr(0, rest.size() - 1));
  const char* end = rest.data() + rest.size();
  const auto [stop, error] = std::from_chars(rest.data(), end, bound);
  if (percent) bound /= 100;
  return error == std::errc() && stop == end && std::isfinite(bound);
}

std::vector<std::string> names_of(const Metrics& metrics) {
  std::vector<std::string> names;
  for (const auto& [name, value] : metrics.values) names.push_back(name);
  return names;
}

}  // namespace

bool Requirement::met_by(double value) const {
  switch (comparison) {
    case Comparison::kAtLeast:
      return value >= bound;
    case Comparison::kAbove:
      return value > bound;
    case Comparison::kAtMost:
      return value <= bound;
    case Comparison::kBelow:
      return value < bound;
  }
  return false;
}

Requirement parse_requirement(const std::string& metric, const std::string& text) {
  Requirement result;
  result.metric = metric;
  result.text = text;
  std::string_view rest = trimmed(text);
  if (!take_comparison(rest, result.comparison) || !read_bound(rest, result.bound)) {
    throw Error(ErrorKind::kUsage, malformed(metric, text));
  }
  return result;
}

std::vector<Requirement> parse_requirements(const std::map<std::string, std::string>& require) {
  std::vector<Requirement> result;
  std::vector<Problem> problems;
  for (const auto& [metric, text] : require) {
    try {
      result.push_back(parse_requirement(metric, text));
    } catch (const Error& error) {
      problems.push_back(error.first());
    }
  }
  if (!problems.empty()) throw Error(ErrorKind::kUsage, problems);
  return result;
}

std::vector<Problem> unmet(const Metrics& metrics,
                           const std::map<std::string, std::string>& require) {
  std::vector<Problem> problems, unknown;
  for (const Requirement& requirement : parse_requirements(require)) {
    const std::string where = "eval.require." + requirement.metric;
    const auto found = metrics.values.find(requirement.metric);
    if (found == metrics.values.end()) {
      unknown.push_back({.where = where,
                         .what = "metric '" + requirement.metric + "' was not computed" +
                                 did_you_mean(requirement.metric, names_of(metrics)),
                         .expected = "one of eval.metrics",
                         .fix = "add it to eval.metrics or correct its name"});
    } else if (!requirement.met_by(found->second)) {
      problems.push_back({.where = where,
                          .what = fmt::format("{} is {:.6g} on {} samples", requirement.metric,
                                              found->second, metrics.samples),
                          .expected = requirement.text,
                          .fix = "improve the model, or lower the requirement"});
    }
  }
  if (!unknown.empty()) throw Error(ErrorKind::kUsage, unknown);
  return problems;
}

std::vector<std::string> with_required(std::vector<std::string> metrics,
                                       const std::map<std::string, std::string>& require) {
  for (const auto& [name, text] : require) {
    if (std::find(metrics.begin(), metrics.end(), name) == metrics.end()) metrics.push_back(name);
  }
  return metrics;
}

}  // namespace maas
