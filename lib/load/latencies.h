// How long many requests took: percentiles in little memory.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace maas {

// Durations in classes whose width is at most 1/128 of what is in them, up to 18 minutes; longer
// ones count as that. As in HdrHistogram (github.com/HdrHistogram/HdrHistogram). Not thread-safe.
class Latencies {
 public:
  Latencies();

  void add(std::chrono::nanoseconds duration);
  void add(const Latencies& others);

  uint64_t count() const { return count_; }
  std::chrono::nanoseconds max() const { return max_; }  // exact; 0 without any
  std::chrono::nanoseconds mean() const;                 // exact; 0 without any
  // The smallest class end that `share` (0 to 1) of all do not exceed; never above max(); 0 without
  // any.
  std::chrono::nanoseconds quantile(double share) const;

 private:
  std::vector<uint64_t> counts_;
  uint64_t count_ = 0;
  std::chrono::nanoseconds max_{0};
  double sum_ns_ = 0;
};

}  // namespace maas
