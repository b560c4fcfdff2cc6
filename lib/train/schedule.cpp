#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace maas {
namespace {

// From `high` at 0 to `low` at 1 along half a cosine.
double half_cosine(double high, double low, double at) {
  return low + (high - low) * 0.5 * (1 + std::cos(std::numbers::pi * at));
}

}  // namespace

Schedule::Schedule(const ScheduleConfig& config, double learning_rate, int64_t steps_per_epoch,
                   int64_t total_steps)
    : config_(config),
      learning_rate_(learning_rate),
      warmup_steps_(
          config.type == "one_cycle" ? 0 : in_steps(config.warmup, steps_per_epoch, total_steps)),
      every_steps_(std::max<int64_t>(1, in_steps(config.every, steps_per_epoch, total_steps))),
      total_steps_(std::max<int64_t>(1, total_steps)) {}

double Schedule::rate(int64_t step) const {
  if (step < warmup_steps_) {
    return learning_rate_ * static_cast<double>(step + 1) / static_cast<double>(warmup_steps_);
  }
  const auto rest = static_cast<double>(std::max<int64_t>(1, total_steps_ - warmup_steps_));
  const double at = std::min(1.0, static_cast<double>(step - warmup_steps_) / rest);
  const double last = config_.final_fraction;
  if (config_.type == "cosine") return learning_rate_ * half_cosine(1, last, at);
  if (config_.type == "linear") return learning_rate_ * (1 - (1 - last) * at);
  if (config_.type == "step") {
    const auto falls = static_cast<double>((step - warmup_steps_) / every_steps_);
    return learning_rate_ * std::pow(config_.factor, falls);
  }
  if (config_.type == "one_cycle") return learning_rate_ * one_cycle(step);
  return learning_rate_ * state_.scale;
}

// Both ends of both halves are reached, for the last step is total_steps - 1.
double Schedule::one_cycle(int64_t step) const {
  const auto end = static_cast<double>(total_steps_ - 1), at = static_cast<double>(step);
  const double peak = std::clamp(config_.peak * static_cast<double>(total_steps_) - 1, 0.0, end);
  if (at < peak) return half_cosine(1.0 / 25, 1, at / peak);
  if (peak == end) return 1;
  return half_cosine(1, config_.final_fraction, (at - peak) / (end - peak));
}

void Schedule::observe(bool improved) {
  if (config_.type != "plateau") return;
  state_.without_improvement = improved ? 0 : state_.without_improvement + 1;
  if (state_.without_improvement > config_.patience) {
    state_.scale *= config_.factor;
    state_.without_improvement = 0;
  }
}

}  // namespace maas
