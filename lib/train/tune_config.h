// `tune:` in a config: which settings are searched, and how
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/fields.h"

namespace maas {

struct TuneConfig {
  std::map<std::string, std::string> settings;  // "train.learning_rate": "1e-4 .. 1e-1"
  int64_t trials = 20;
  int64_t rounds = 3;  // of successive halving; 1 = every trial has all epochs
  int64_t keep = 3;    // one of so many goes on to the next round, with as many times the epochs
  std::string metric;  // "" = the one that chooses the best weights
  void describe(Fields& field);
};

// The values that a setting may have.
struct SearchRange {
  std::string setting;
  std::vector<std::string> choices;  // or, where empty, numbers from low to high:
  double low = 0, high = 0;
  bool is_log = false;    // drawn evenly by the logarithm
  bool is_whole = false;  // both ends are written as whole numbers, and both can be drawn
};

// "1e-4 .. 1e-1": numbers, by their logarithm where both are above 0 and the end is at least 100
// times the start; "16 | 32 | 64": choices, as YAML. Throws Error{kUsage} naming tune.settings.
SearchRange parse_range(const std::string& setting, const std::string& text);

// All of config.settings, in the order of their names. Throws Error{kUsage} without any.
std::vector<SearchRange> search_space(const TuneConfig& config);

// The value that trial `trial` of a search with `seed` has, as YAML: it depends on these and the
// setting's name alone.
std::string drawn_value(const SearchRange& range, uint64_t seed, int64_t trial);

// Epochs of each round, ascending; the last has `epochs`. Fewer rounds where the first would have
// less than one.
std::vector<int64_t> round_epochs(const TuneConfig& config, int64_t epochs);

// How much of what a metric varies each setting explains by itself, in [0, 1]: of the ranks of
// `values` (of N trials, no NaN), adjusted R squared of a parabola over the (logarithm of the)
// number, or of the means of the choices. `drawn` [range][trial] as drawn_value() gives them. 0
// where there are too few trials to say.
std::vector<double> setting_importance(const std::vector<SearchRange>& space,
                                       const std::vector<std::vector<std::string>>& drawn,
                                       const std::vector<double>& values);

}  // namespace maas
