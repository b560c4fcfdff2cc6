#include "guess_label.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/did_you_mean.h"
#include "base/throw_error.h"

namespace maas {
namespace {

constexpr size_t kMostTold = 3;

bool has(const std::vector<ColumnFacts>& columns, const std::string& name) {
  return std::any_of(columns.begin(), columns.end(),
                     [&](const ColumnFacts& column) { return lower_case(column.name) == name; });
}

// "y" beside "x" and "z" is a place.
bool is_called_like_a_target(const std::vector<ColumnFacts>& columns, size_t c) {
  static const std::set<std::string> kNames = {"label",   "target",   "class", "species",
                                               "outcome", "response", "y"};
  const std::string name = lower_case(columns[c].name);
  return kNames.count(name) > 0 && !(name == "y" && has(columns, "x") && has(columns, "z"));
}

size_t given_column(const std::vector<ColumnFacts>& columns, const std::string& wanted,
                    const std::string& where) {
  std::vector<std::string> names;
  for (size_t c = 0; c < columns.size(); ++c) {
    if (columns[c].name == wanted) return c;
    names.push_back(columns[c].name);
  }
  throw_usage(
      "--label",
      fmt::format("there is no column '{}' in {}{}", wanted, where, did_you_mean(wanted, names)),
      fmt::format("one of {}", fmt::join(names, ", ")), "correct the name");
}

}  // namespace

LabelGuess guess_label(const std::vector<ColumnFacts>& columns, std::optional<size_t> image,
                       const std::string& wanted, const std::string& where) {
  if (!wanted.empty()) return {given_column(columns, wanted, where), ""};
  std::vector<size_t> possible, named;
  for (size_t c = columns.size(); c-- > 0;) {  // the last first
    if (c == image) continue;
    const bool is_answer = !columns[c].is_date() && !columns[c].is_text;
    if (columns[c].why_useless.empty() && is_answer) possible.push_back(c);
  }
  if (possible.empty()) possible.push_back(image == columns.size() - 1 ? 0 : columns.size() - 1);
  for (const size_t c : possible) {
    if (is_called_like_a_target(columns, c)) named.push_back(c);
  }
  LabelGuess guess{named.empty() ? possible.front() : named.back(), ""};
  guess.why = !named.empty() ? "since it is called as targets are"
              : guess.column + 1 == columns.size()
                  ? "since it is the last column"
                  : "since it is the last column that tells something";
  std::vector<std::string> others;
  const auto add = [&](size_t c) {
    const std::string name = fmt::format("'{}'", columns[c].name);
    if (c == guess.column || others.size() >= kMostTold) return;
    if (std::find(others.begin(), others.end(), name) == others.end()) others.push_back(name);
  };
  for (const size_t c : named) add(c);
  if (!named.empty()) add(possible.front());
  for (const size_t c : possible) {
    if (columns[c].is_few_valued()) add(c);
  }
  if (!others.empty()) {
    guess.why += fmt::format("; also likely: {} (--label NAME)", fmt::join(others, ", "));
  }
  return guess;
}

}  // namespace maas
