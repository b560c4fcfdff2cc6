#include "evaluate/roc_auc.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace maas {

double roc_auc(const std::vector<double>& scores, const std::vector<bool>& positive) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  if (std::any_of(scores.begin(), scores.end(), [](double s) { return std::isnan(s); })) return nan;
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores[a] < scores[b]; });
  double positives = 0, rank_sum = 0;
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin;
    double here = 0;
    while (end < order.size() && scores[order[end]] == scores[order[begin]]) {
      here += positive[order[end++]] ? 1 : 0;
    }
    // Ranks begin + 1 ... end are shared: each gets their mean.
    rank_sum += here * (static_cast<double>(begin + end) + 1) / 2;
    positives += here;
    begin = end;
  }
  const double negatives = static_cast<double>(scores.size()) - positives;
  if (positives == 0 || negatives == 0) return nan;
  return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives);
}

}  // namespace maas
