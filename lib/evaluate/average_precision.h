// Area under the precision-recall curve, as a sum of steps.
#pragma once

#include <vector>

namespace maas {

// The sum over the distinct scores, from the highest down, of the rise of the recall times the
// precision there; nothing is interpolated (scikit-learn's average_precision_score). NaN without a
// positive row, without any other (scikit-learn says 1, which any scores would get), or when a
// score is NaN. `scores` and `positive` have equal size. O(N log N).
double average_precision(const std::vector<double>& scores, const std::vector<bool>& positive);

}  // namespace maas
