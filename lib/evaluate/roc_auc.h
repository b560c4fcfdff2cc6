// Area under the ROC curve.
#pragma once

#include <cstdint>
#include <vector>

namespace maas {

// The probability that a random positive row scores above a random negative one, ties counting a
// half: the Mann-Whitney rank statistic with mean ranks. NaN when one kind is missing or a score is
// NaN. `scores` and `positive` have equal size. O(N log N).
double roc_auc(const std::vector<double>& scores, const std::vector<bool>& positive);

}  // namespace maas
