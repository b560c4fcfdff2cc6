#include "serve/model_statistics.h"

#include <algorithm>

namespace maas {
namespace {

template <class Bounds, class Number>
size_t class_of(const Bounds& bounds, Number number) {
  return static_cast<size_t>(std::lower_bound(bounds.begin(), bounds.end(), number) -
                             bounds.begin());
}

template <class Counts>
uint64_t total(const Counts& counts) {
  uint64_t all = 0;
  for (const auto& count : counts) all += count.load(std::memory_order_relaxed);
  return all;
}

}  // namespace

void DurationHistogram::add(std::chrono::nanoseconds duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  counts_[class_of(kBounds, seconds)].fetch_add(1, std::memory_order_relaxed);
  sum_ns_.fetch_add(duration.count(), std::memory_order_relaxed);
}

uint64_t DurationHistogram::count() const { return total(counts_); }

void RowsHistogram::add(int64_t rows) {
  counts_[class_of(kBounds, rows)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(static_cast<uint64_t>(rows), std::memory_order_relaxed);
}

uint64_t RowsHistogram::count() const { return total(counts_); }

void CallsByRows::add(int64_t rows, std::chrono::nanoseconds compute) {
  const std::lock_guard lock(mutex_);
  const bool known = calls_.size() < kMost || calls_.count(rows) != 0;
  Calls& calls = calls_[known ? rows : 0];
  ++calls.count;
  calls.compute += compute;
}

std::map<int64_t, CallsByRows::Calls> CallsByRows::all() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

void ModelStatistics::answered(const InferenceTimes& times) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::lock_guard lock(whole);
  queue.add(times.queue);
  input.add(times.input);
  compute.add(times.compute);
  output.add(times.output);
  request.add(times.request);
  ended(InferenceEnd::kAnswered);
  last_inference_ms.store(std::chrono::duration_cast<std::chrono::milliseconds>(now).count(),
                          std::memory_order_relaxed);
}

InferenceEnd end_of_status(int http_status) {
  switch (http_status) {
    case 200:
      return InferenceEnd::kAnswered;
    case 499:
      return InferenceEnd::kCancelled;
    case 503:
      return InferenceEnd::kRejected;
    case 504:
      return InferenceEnd::kExpired;
    default:
      return http_status < 500 ? InferenceEnd::kRefused : InferenceEnd::kFailed;
  }
}

const char* to_text(InferenceEnd end) {
  static constexpr std::array<const char*, kInferenceEnds> kTexts = {
      "answered", "refused", "cancelled", "failed", "rejected", "expired"};
  return kTexts.at(static_cast<size_t>(end));
}

}  // namespace maas
