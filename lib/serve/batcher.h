// Admission to a model: how many inferences run at once, who waits, who is turned away.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "serve/queued_inference.h"
#include "serve/session.h"

namespace maas {

struct BatcherLimits {
  size_t slots = 1;     // inferences that run at once
  size_t capacity = 0;  // further ones that wait, first come first served
};

// One a model. Each inference is computed by itself; computing several in one call of the session
// would be this class's business alone. Thread-safe.
//
// An inference that finds a slot free is computed by submit(), on the thread that brought it: there
// is no hand-over on the fast path. One that has waited is a task of its own: run as part of the
// turn of the connection before it, it would keep that one from its next request, and under load
// for good. None is left waiting while a slot is free.
class Batcher {
 public:
  // Runs a task on some worker, not within the call.
  using Post = std::function<void(std::function<void()>)>;

  // `post` and what it was given are done with before the batcher goes.
  Batcher(std::shared_ptr<const Session> session, const BatcherLimits& limits, Post post)
      : session_(std::move(session)),
        capacity_(limits.capacity),
        post_(std::move(post)),
        free_slots_(limits.slots) {}

  // Computes it now or later, or fails it: with 503 where all places are taken, 504 when it has
  // waited beyond its deadline, 499 when it is no longer wanted, failure_of() what the session
  // throws.
  void submit(std::shared_ptr<QueuedInference> inference);

  // Fails what has waited beyond its deadline, up to the first that has not. To be called
  // regularly: else that is seen only when a slot is free.
  void expire(ServeClock::time_point now);

  size_t waiting() const;

 private:
  enum class Entry { kRunNow, kQueued, kFull };

  Entry enter(const std::shared_ptr<QueuedInference>& inference);
  // For the holder of a slot: who comes next, or nobody, and then the slot is free.
  std::shared_ptr<QueuedInference> next();
  std::shared_ptr<QueuedInference> take_expired(ServeClock::time_point now);
  void compute(QueuedInference& inference) const;
  void pass_slot_on();

  const std::shared_ptr<const Session> session_;
  const size_t capacity_;
  const Post post_;
  mutable std::mutex mutex_;
  size_t free_slots_;
  std::deque<std::shared_ptr<QueuedInference>> waiting_;
};

}  // namespace maas
