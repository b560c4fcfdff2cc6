#include "zoo/numeric_bins.h"

#include <ATen/ops/arange.h>

#include <algorithm>
#include <cmath>

namespace maas {
namespace {

constexpr int64_t kMostRows = 65536;

// Of values in ascending order, the quantile between neighbours by a line (numpy's default).
double quantile_of(const std::vector<double>& values, int64_t at, int64_t count) {
  const double place =
      static_cast<double>(values.size() - 1) * static_cast<double>(at) / static_cast<double>(count);
  const auto before = static_cast<size_t>(place);
  const size_t after = std::min(before + 1, values.size() - 1);
  const double share = place - static_cast<double>(before);
  return values[before] + share * (values[after] - values[before]);
}

void add_bins(std::vector<double> values, int64_t column, int64_t count,
              std::vector<NumericBin>& bins) {
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
  if (values.empty()) return;
  std::ranges::sort(values);
  std::vector<double> edges;
  for (int64_t i = 0; i <= count; ++i) {
    const double edge = quantile_of(values, i, count);
    if (edges.empty() || edge > edges.back()) edges.push_back(edge);
  }
  if (edges.size() < 3) return;
  for (size_t i = 1; i < edges.size(); ++i) bins.push_back({column, edges[i - 1], edges[i]});
}

}  // namespace

std::vector<NumericBin> learn_numeric_bins(const Dataset& train, int64_t count) {
  std::vector<NumericBin> bins;
  const int64_t rows = train.size();
  if (count == 0 || rows == 0 || train.spec().input.numeric_features().empty()) return bins;
  const int64_t step = (rows + kMostRows - 1) / kMostRows;
  const at::Tensor numbers =
      train.rows(at::arange(0, rows, step)).inputs.at(0).t().to(at::kDouble).contiguous();
  for (int64_t column = 0; column < numbers.size(0); ++column) {
    const auto* first = numbers[column].const_data_ptr<double>();
    add_bins({first, first + numbers.size(1)}, column, count, bins);
  }
  return bins;
}

}  // namespace maas
