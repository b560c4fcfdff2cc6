#include "load/latencies.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace maas {
namespace {

constexpr int kStepBits = 7;  // 128 classes an octave
constexpr uint64_t kSteps = uint64_t{1} << kStepBits;
constexpr int kOctaves = 33;
constexpr size_t kClasses = kSteps * (kOctaves + 1);

// Below 128 ns each number has its own class; above, its first eight bits tell.
size_t class_of(uint64_t ns) {
  const int octave = std::max(0, static_cast<int>(std::bit_width(ns)) - kStepBits - 1);
  const size_t number = static_cast<size_t>(octave) * kSteps + (ns >> octave);
  return std::min(number, kClasses - 1);
}

uint64_t end_of(size_t number) {
  const size_t octave = number < 2 * kSteps ? 0 : number / kSteps - 1;
  return ((number - octave * kSteps + 1) << octave) - 1;
}

}  // namespace

Latencies::Latencies() : counts_(kClasses) {}

void Latencies::add(std::chrono::nanoseconds duration) {
  const auto ns = std::max<int64_t>(0, duration.count());
  ++counts_[class_of(static_cast<uint64_t>(ns))];
  ++count_;
  max_ = std::max(max_, std::chrono::nanoseconds(ns));
  sum_ns_ += static_cast<double>(ns);
}

void Latencies::add(const Latencies& others) {
  for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += others.counts_[i];
  count_ += others.count_;
  max_ = std::max(max_, others.max_);
  sum_ns_ += others.sum_ns_;
}

std::chrono::nanoseconds Latencies::mean() const {
  return std::chrono::nanoseconds(
      count_ == 0 ? 0 : std::llround(sum_ns_ / static_cast<double>(count_)));
}

std::chrono::nanoseconds Latencies::quantile(double share) const {
  const auto wanted = static_cast<uint64_t>(std::ceil(share * static_cast<double>(count_)));
  uint64_t seen = 0;
  for (size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen > 0 && seen >= wanted) {
      return std::min(max_, std::chrono::nanoseconds(static_cast<int64_t>(end_of(i))));
    }
  }
  return std::chrono::nanoseconds(0);
}

}  // namespace maas
