// The nearest known name to a mistyped one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace maas {

// Damerau-Levenshtein distance (adjacent swaps count one); O(|a| * |b|).
int edit_distance(std::string_view a, std::string_view b);

// The name nearest to `typed` within max(2, |typed| / 3) edits, or "" when none is that near.
// One that differs in case alone is the nearest, however short.
std::string nearest_name(std::string_view typed, const std::vector<std::string>& names);

// " (did you mean 'x'?)"-style hint: "; did you mean 'x'?" or "".
std::string did_you_mean(std::string_view typed, const std::vector<std::string>& names);

}  // namespace maas
