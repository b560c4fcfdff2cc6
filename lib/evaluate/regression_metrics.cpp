#include <ATen/ops/isnan.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "evaluate/class_scores.h"
#include "evaluate/task_metrics.h"

namespace maas {
namespace {

// Sums over the rows of one target.
struct ErrorSums {
  double absolute = 0, squared = 0;
  double spread = 0;    // of (target - its mean)^2
  double relative = 0;  // of |error| / |target|
};

ErrorSums sums_of(const at::Tensor& outputs, const at::Tensor& targets, int64_t column) {
  const int64_t rows = outputs.size(0), columns = outputs.size(1);
  const double* output = outputs.const_data_ptr<double>() + column;
  const double* target = targets.const_data_ptr<double>() + column;
  // From the first one on, so that the mean of a constant is that constant.
  double mean = 0;
  for (int64_t i = 0; i < rows; ++i) mean += target[i * columns] - target[0];
  mean = target[0] + mean / static_cast<double>(rows);
  ErrorSums sums;
  for (int64_t i = 0; i < rows; ++i) {
    const double error = output[i * columns] - target[i * columns];
    const double offset = target[i * columns] - mean;
    sums.absolute += std::abs(error);
    sums.squared += error * error;
    sums.spread += offset * offset;
    sums.relative += std::abs(error) / std::max(std::abs(target[i * columns]),
                                                std::numeric_limits<double>::epsilon());
  }
  return sums;
}

double value_of(const std::string& name, const ErrorSums& sums, double rows) {
  if (name == "mae") return sums.absolute / rows;
  if (name == "mape") return sums.relative / rows;
  if (name == "rmse") return std::sqrt(sums.squared / rows);
  if (sums.spread == 0 && !std::isnan(sums.squared)) return sums.squared == 0 ? 1 : 0;
  return 1 - sums.squared / sums.spread;
}

}  // namespace

Metrics regression_metrics(const Predictions& predictions, const std::vector<std::string>& names) {
  const at::Tensor outputs = checked_outputs(predictions);
  const at::Tensor targets = predictions.targets.to(at::kCPU, at::kDouble).contiguous();
  const int64_t columns = outputs.size(1);
  Metrics metrics;
  metrics.samples = outputs.size(0);
  metrics.not_numbers = at::isnan(outputs).any(1).sum().item<int64_t>();
  for (const std::string& name : names) metrics.values[name] = 0;
  for (int64_t column = 0; column < columns; ++column) {
    const ErrorSums sums = sums_of(outputs, targets, column);
    TargetMetrics own{.target = label_of(predictions, column), .values = {}};
    for (auto& [name, value] : metrics.values) {
      own.values[name] = value_of(name, sums, static_cast<double>(metrics.samples));
      value += own.values[name] / static_cast<double>(columns);
    }
    if (columns > 1) metrics.per_target.push_back(std::move(own));
  }
  return metrics;
}

}  // namespace maas
