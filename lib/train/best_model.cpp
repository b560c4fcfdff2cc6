#include "train/best_model.h"

#include <cmath>

#include "evaluate/metrics.h"

namespace maas {
namespace {

constexpr const char* kTensorPrefix = "best/";
constexpr const char* kMetricPrefix = "best_metric/";

}  // namespace

BestModel::BestModel(std::string metric, const EarlyStopConfig& config)
    : metric_(std::move(metric)), patience_(config.patience), min_change_(config.min_change) {}

bool BestModel::observe(Program candidate, const std::map<std::string, double>& metrics,
                        int64_t step) {
  const double value = metrics.at(metric_);
  const auto before = metrics_.find(metric_);
  const double gain = before == metrics_.end()    ? 0
                      : higher_is_better(metric_) ? value - before->second
                                                  : before->second - value;
  if (!std::isfinite(value) || (exists_ && !(gain > min_change_))) {
    ++without_gain_;
    return false;
  }
  exists_ = true;
  program_ = std::move(candidate);
  metrics_ = metrics;
  step_ = step;
  without_gain_ = 0;
  return true;
}

void BestModel::save(Checkpoint& checkpoint) const {
  checkpoint.numbers["without_gain"] = static_cast<double>(without_gain_);
  checkpoint.numbers["has_best"] = exists_ ? 1 : 0;
  if (!exists_) return;
  checkpoint.numbers["best_step"] = static_cast<double>(step_);
  for (const auto& [name, value] : metrics_) checkpoint.numbers[kMetricPrefix + name] = value;
  for (const auto* table : {&program_.parameters, &program_.buffers}) {
    for (const auto& [name, tensor] : *table) checkpoint.tensors[kTensorPrefix + name] = tensor;
  }
}

void BestModel::load(const Checkpoint& checkpoint, const Program& form) {
  without_gain_ = static_cast<int64_t>(checkpoint.number("without_gain"));
  exists_ = checkpoint.number("has_best") != 0;
  if (!exists_) return;
  step_ = static_cast<int64_t>(checkpoint.number("best_step"));
  const std::string prefix = kMetricPrefix;
  for (const auto& [name, value] : checkpoint.numbers) {
    if (name.rfind(prefix, 0) == 0) metrics_[name.substr(prefix.size())] = value;
  }
  program_ = form;
  for (auto* table : {&program_.parameters, &program_.buffers}) {
    for (auto& [name, tensor] : *table) tensor = checkpoint.tensor(kTensorPrefix + name);
  }
}

}  // namespace maas
