#include "evaluate/confidence_bins.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace maas {

std::vector<ConfidenceBin> confidence_bins(const std::vector<RowScore>& rows, int64_t bins) {
  std::vector<ConfidenceBin> result(static_cast<size_t>(bins));
  for (size_t b = 0; b < result.size(); ++b) {
    result[b].lower = static_cast<double>(b) / static_cast<double>(bins);
    result[b].upper = static_cast<double>(b + 1) / static_cast<double>(bins);
  }
  for (const RowScore& row : rows) {
    if (std::isnan(row.confidence)) continue;
    const double position = std::ceil(row.confidence * static_cast<double>(bins)) - 1;
    const int64_t b = std::clamp(static_cast<int64_t>(position), int64_t{0}, bins - 1);
    ConfidenceBin& bin = result[b];
    ++bin.count;
    bin.confidence += row.confidence;
    bin.accuracy += row.predicted == row.target ? 1 : 0;
  }
  for (ConfidenceBin& bin : result) {
    if (bin.count == 0) continue;
    bin.confidence /= static_cast<double>(bin.count);
    bin.accuracy /= static_cast<double>(bin.count);
  }
  return result;
}

double expected_calibration_error(const std::vector<RowScore>& rows, int64_t bins) {
  double sum = 0;
  int64_t counted = 0;
  for (const ConfidenceBin& bin : confidence_bins(rows, bins)) {
    sum += static_cast<double>(bin.count) * std::abs(bin.accuracy - bin.confidence);
    counted += bin.count;
  }
  if (counted != static_cast<int64_t>(rows.size()) || rows.empty()) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  return sum / static_cast<double>(counted);
}

}  // namespace maas
