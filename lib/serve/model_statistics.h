// What happened to a model's inferences, counted while they happen.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>

namespace maas {

// Durations counted by size, in the classes of a Prometheus histogram. Written by many threads at
// once, read at any time; a reader may see an entry in the sum that it does not see in its class.
class DurationHistogram {
 public:
  // Upper ends of the classes in seconds, from a small network's inference to a long queue; one
  // more class holds what is longer.
  static constexpr std::array<double, 17> kBounds = {1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4,
                                                     1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2,
                                                     0.1,  0.25,   1,    2.5,  10};

  void add(std::chrono::nanoseconds duration);

  uint64_t count() const;  // of all classes
  uint64_t count_in(size_t number) const { return counts_.at(number); }
  std::chrono::nanoseconds sum() const { return std::chrono::nanoseconds(sum_ns_.load()); }

 private:
  std::array<std::atomic<uint64_t>, kBounds.size() + 1> counts_{};
  std::atomic<int64_t> sum_ns_{0};
};

// Batch sizes counted by powers of two.
class RowsHistogram {
 public:
  static constexpr std::array<int64_t, 9> kBounds = {1, 2, 4, 8, 16, 32, 64, 128, 256};

  void add(int64_t rows);

  uint64_t count() const;
  uint64_t count_in(size_t number) const { return counts_.at(number); }
  uint64_t sum() const { return sum_; }

 private:
  std::array<std::atomic<uint64_t>, kBounds.size() + 1> counts_{};
  std::atomic<uint64_t> sum_{0};
};

// Calls of the session by the number of their rows. Of the first kMost numbers that come; a server
// that sees more counts the others together, as 0.
class CallsByRows {
 public:
  static constexpr size_t kMost = 1024;
  struct Calls {
    uint64_t count = 0;
    std::chrono::nanoseconds compute{0};
  };

  void add(int64_t rows, std::chrono::nanoseconds compute);
  std::map<int64_t, Calls> all() const;

 private:
  mutable std::mutex mutex_;
  std::map<int64_t, Calls> calls_;
};

// How an inference ended. The HTTP status of each is beside it.
enum class InferenceEnd {
  kAnswered,   // 200
  kRefused,    // 400: the request is not what the model takes
  kCancelled,  // 499: the client went while it waited
  kFailed,     // 500
  kRejected,   // 503: no room, no memory, or the wait would be too long
  kExpired     // 504: it waited beyond its deadline
};
inline constexpr size_t kInferenceEnds = 6;
InferenceEnd end_of_status(int http_status);
const char* to_text(InferenceEnd end);  // "answered", "refused", ...

// Where the time of an answered inference went.
struct InferenceTimes {
  std::chrono::nanoseconds queue{0};    // from arrival to start
  std::chrono::nanoseconds input{0};    // reading the inputs
  std::chrono::nanoseconds compute{0};  // a batch counts for each of its inferences
  std::chrono::nanoseconds output{0};   // writing the answer
  std::chrono::nanoseconds request{0};  // all of it
};

// Thread-safe; lives as long as the model is served.
struct ModelStatistics {
  std::array<std::atomic<uint64_t>, kInferenceEnds> ends{};
  // Of those that were answered, as InferenceTimes has them. Who holds `whole` sees as many in
  // each.
  DurationHistogram queue, input, compute, output, request;
  mutable std::mutex whole;
  RowsHistogram batches;                      // calls of the session, by their rows
  CallsByRows calls;                          // the same with their times
  std::atomic<int64_t> last_inference_ms{0};  // since 1970; 0 = none yet

  void computed(int64_t rows, std::chrono::nanoseconds time) {
    batches.add(rows);
    calls.add(rows, time);
  }
  void answered(const InferenceTimes& times);
  // Otherwise than with an answer.
  void ended(InferenceEnd end) { ++ends.at(static_cast<size_t>(end)); }
  uint64_t count(InferenceEnd end) const { return ends.at(static_cast<size_t>(end)); }
};

}  // namespace maas
