#include "transform/quantize/observer.h"

#include <ATen/ops/aminmax.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "base/error.h"
#include "base/throw_error.h"

namespace maas {
namespace {

constexpr double kSteps = 255;
constexpr double kAveraging = 0.01;  // of MovingAverageMinMaxObserver

SeenRange range_of(const at::Tensor& values) {
  const auto [low, high] = at::aminmax(values);
  const SeenRange range{low.item<double>(), high.item<double>()};
  if (!std::isfinite(range.low) || !std::isfinite(range.high)) {
    throw_input("calibration", "an activation is NaN or infinite", "finite numbers",
                "look at the data that calibrates, and at the weights with `maas inspect`");
  }
  return range;
}

class MinMax : public Observer {
 public:
  void see(const at::Tensor& values) override {
    if (values.numel() == 0) return;
    const SeenRange range = range_of(values);
    if (!seen_) seen_ = range;
    seen_->low = std::min(seen_->low, range.low);
    seen_->high = std::max(seen_->high, range.high);
  }
  SeenRange range() const override { return seen_.value_or(SeenRange()); }

 private:
  std::optional<SeenRange> seen_;
};

class MovingAverage : public Observer {
 public:
  void see(const at::Tensor& values) override {
    if (values.numel() == 0) return;
    const SeenRange range = range_of(values);
    if (!average_) average_ = range;
    average_->low += kAveraging * (range.low - average_->low);
    average_->high += kAveraging * (range.high - average_->high);
  }
  SeenRange range() const override { return average_.value_or(SeenRange()); }

 private:
  std::optional<SeenRange> average_;
};

template <class T>
std::unique_ptr<Observer> make() {
  return std::make_unique<T>();
}

}  // namespace

AffineScale affine_scale(const SeenRange& range) {
  const double low = std::min(range.low, 0.0), high = std::max(range.high, 0.0);
  const float width = static_cast<float>(high) - static_cast<float>(low);
  const float scale =
      std::max(width / static_cast<float>(kSteps), std::numeric_limits<float>::epsilon());
  const float zero = -std::nearbyint(static_cast<float>(low) / scale);
  return {scale, static_cast<int64_t>(std::clamp<double>(zero, 0, kSteps))};
}

const std::vector<ObserverRow>& observers() {
  static const std::vector<ObserverRow> rows = {
      {"minmax", "the smallest and largest value seen", make<MinMax>},
      {"moving", "a moving average of each batch's smallest and largest value",
       make<MovingAverage>},
  };
  return rows;
}

std::vector<std::string> observer_names() {
  std::vector<std::string> names;
  for (const ObserverRow& row : observers()) names.emplace_back(row.name);
  return names;
}

MakeObserver observer_named(const std::string& name) {
  for (const ObserverRow& row : observers()) {
    if (row.name == name) return row.make;
  }
  MAAS_CHECK(false);
  return {};
}

}  // namespace maas
