// The next batches, loaded while a step computes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "data/dataset.h"

namespace maas {

// Runs `load(first)`, `load(first + 1)`, ... `load(last - 1)` in this order, on one thread of its
// own up to two steps ahead of the consumer, or inside next() when `ahead` is false. The batches
// are the same either way. An exception of load is thrown by the next() that would have returned
// its batch; after it next() gives nothing more. The destructor waits for the load in progress, no
// longer. One consumer thread.
// A load ahead that takes longer than `patience` (a network drive that went away) makes next()
// throw Error{kResources} naming the batch, and is left behind: `load` must own what it reads.
class Prefetcher {
 public:
  using Load = std::function<Batch(int64_t step)>;
  struct Options {
    int64_t first = 0;
    int64_t last = 0;  // one past the last step
    bool ahead = true;
    std::chrono::milliseconds patience = std::chrono::minutes(1);
    std::function<std::string(int64_t step)> name_of = {};  // of a batch, for that error
  };
  Prefetcher(Load load, Options options);
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  std::optional<Batch> next();  // nothing after the last step

 private:
  class Worker;
  [[noreturn]] void give_up();

  Load load_;
  Options options_;
  int64_t next_step_;
  std::shared_ptr<Worker> worker_;  // null when not ahead
};

}  // namespace maas
