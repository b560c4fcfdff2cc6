// Copies of requests, computed by another version after they were answered: to see how it would do.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "serve/batcher.h"
#include "serve/model_statistics.h"
#include "serve/queued_inference.h"
#include "serve/session.h"

namespace maas {

// What became of a copy.
enum class ShadowEnd {
  kSame,       // all outputs within 1e-3 of the value, or 1e-5
  kSameClass,  // the highest along the last dimension of the first output is the same in each row
  kDifferent,
  kFailed,   // the other version threw
  kDropped,  // not computed: requests waited, or too many copies did
};
inline constexpr size_t kShadowEnds = 5;
const char* to_text(ShadowEnd end);  // "same", "same_class", ...

// kSame, kSameClass or kDifferent.
ShadowEnd compare_outputs(const std::vector<at::Tensor>& answered,
                          const std::vector<at::Tensor>& other);

// Of the version that computes the copies. Thread-safe.
struct ShadowStatistics {
  std::array<std::atomic<uint64_t>, kShadowEnds> ends{};
  DurationHistogram compute;

  void ended(ShadowEnd end) { ++ends.at(static_cast<size_t>(end)); }
  uint64_t total() const;
};

struct ShadowCopy {
  std::shared_ptr<const Session> session;             // computes it
  std::shared_ptr<ShadowStatistics> statistics;       // counts it
  std::shared_ptr<const Batcher> busy;                // while somebody waits there, it is dropped
  std::vector<at::Tensor> inputs = {}, outputs = {};  // of its own; what was answered
};

// Computes copies one after the other on a thread of the lowest priority, which is there once the
// first has come. Thread-safe.
class ShadowRunner {
 public:
  ShadowRunner() = default;
  ~ShadowRunner();  // what waits is dropped
  ShadowRunner(const ShadowRunner&) = delete;
  ShadowRunner& operator=(const ShadowRunner&) = delete;

  bool has_room(size_t bytes) const;  // of inputs
  void submit(ShadowCopy copy);       // drops it where there is no room
  void wait_until_idle();             // for tests

 private:
  void run();
  static void compute(const ShadowCopy& copy);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<ShadowCopy> waiting_;
  size_t bytes_ = 0;
  bool computing_ = false, stopping_ = false;
  std::thread thread_;
};

// `real`, whose inputs are kept beside it and given to `runner` with the outputs once it is
// answered. What goes wrong with the copy concerns nobody but its statistics. `copy` without
// tensors; `runner` outlives the inference.
std::shared_ptr<QueuedInference> with_shadow(std::shared_ptr<QueuedInference> real, ShadowCopy copy,
                                             ShadowRunner& runner);

}  // namespace maas
