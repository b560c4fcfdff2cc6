#include "sample/spec.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace maas {
std::vector<NumericFeature> InputSpec::numeric_features() const {
  std::vector<NumericFeature> features;
  for (const ColumnSpec& column : columns) {
    if (column.type != ColumnType::kNumeric) continue;
    if (!column.date) features.push_back({column.name, column.mean, column.std_dev});
    for (const NumericFeature& part : column.date_parts) {
      features.push_back({column.name + "." + part.name, part.mean, part.std_dev});
    }
  }
  return features;
}

std::vector<ColumnSpec> InputSpec::categorical_columns() const {
  std::vector<ColumnSpec> picked;
  std::copy_if(columns.begin(), columns.end(), std::back_inserter(picked),
               [](const ColumnSpec& column) { return column.is_categorical(); });
  return picked;
}

bool needs_float64(double mean, double std_dev) {
  return std::abs(mean) > 1000 * std_dev || std_dev < 1e-30;
}

bool TaskSpec::needs_float64() const {
  return std::any_of(scales.begin(), scales.end(), [](const TargetScale& scale) {
    return maas::needs_float64(scale.mean, scale.std_dev);
  });
}

std::string to_text(InputKind kind) { return kind == InputKind::kImage ? "image" : "table"; }

std::string type_name(const ColumnSpec& column) {
  switch (column.type) {
    case ColumnType::kNumeric:
      return column.date ? "date" : "numeric";
    case ColumnType::kCategorical:
      return "categorical";
    case ColumnType::kText:
      return "text";
  }
  return "";
}

std::string to_text(TaskKind kind) {
  switch (kind) {
    case TaskKind::kClassification:
      return "classification";
    case TaskKind::kMultiLabel:
      return "multi_label";
    case TaskKind::kRegression:
      return "regression";
  }
  return "";
}

}  // namespace maas
