#include "evaluate/average_precision.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace maas {

double average_precision(const std::vector<double>& scores, const std::vector<bool>& positive) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  if (std::any_of(scores.begin(), scores.end(), [](double s) { return std::isnan(s); })) return nan;
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  double hits = 0, sum = 0;
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin;
    double here = 0;
    while (end < order.size() && scores[order[end]] == scores[order[begin]]) {
      here += positive[order[end++]] ? 1 : 0;
    }
    hits += here;
    sum += here * hits / static_cast<double>(end);
    begin = end;
  }
  const bool one_kind = hits == 0 || hits == static_cast<double>(scores.size());
  return one_kind ? nan : sum / hits;
}

}  // namespace maas
