// Admission to a model: how many inferences run at once, who waits, who is turned away, and who is
// computed together.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "serve/model_statistics.h"
#include "serve/queued_inference.h"
#include "serve/session.h"

namespace maas {

struct BatcherLimits {
  size_t slots = 1;     // batches that run at once
  size_t capacity = 0;  // inferences that wait; of one level first come first served
  int64_t rows = 1;     // of a batch, where the session's rows may be put together; a request of
                        // more is a batch by itself
  ServeClock::duration longest_wait = std::chrono::hours(1);  // for an answer; see submit()
  ServeClock::duration delay{0};  // that an inference waits for others to share its batch
};

// One a model. Thread-safe.
//
// Whatever waits is computed together as soon as a slot is free: nobody waits for company unless
// `delay` says so. Inferences whose shapes agree but for the first dimension share a call of the
// session; one that the session refuses fails alone.
//
// A client that is alone has its inference computed by submit(), on the thread that brought it:
// there is no hand-over on its way. With several, an inference waits for the end of the turn in
// which other threads and sockets bring theirs; it is computed by a task of its own: as part of the
// turn of the connection before it, it would keep that one from its next request, and under load
// for good. None is left waiting while a slot is free. A task keeps its batcher alive: one whose
// model is no longer served computes what was submitted.
class Batcher : public std::enable_shared_from_this<Batcher> {
 public:
  struct Threads {
    // Runs a task on some worker, not within the call, after so long.
    std::function<void(ServeClock::duration, std::function<void()>)> post;
    // Says that the calling worker is busy for long until what is returned is destroyed. Empty:
    // nobody needs to know.
    std::function<std::shared_ptr<void>()> long_work = {};
  };

  Batcher(std::shared_ptr<const Session> session, const BatcherLimits& limits, Threads threads);

  // Computes it now or later, or fails it: with 503 where all places are taken or its answer, as
  // the last batches took, would come later than longest_wait or its deadline allow; 504 when it
  // has waited beyond its deadline, 499 when it is no longer wanted, failure_of() what the session
  // throws. As many as are computed in a few batches wait whatever is foreseen: one slow inference
  // says little. Of those that wait, the ones of lower levels go first, and one of the highest
  // level gives its place to one of a lower.
  void submit(std::shared_ptr<QueuedInference> inference);

  // Fails what has waited beyond its deadline. To be called regularly: else that is seen only when
  // a slot is free.
  void expire(ServeClock::time_point now);

  size_t waiting() const;
  const ModelStatistics& statistics() const { return statistics_; }

 private:
  using Inference = std::shared_ptr<QueuedInference>;
  enum class Entry { kRunNow, kQueued, kFull, kTooLong };
  struct Verdict {
    Entry entry;
    ServeClock::duration wait{0};                     // kTooLong: what is foreseen
    std::shared_ptr<QueuedInference> displaced = {};  // kQueued: whose place it got
  };
  struct Ready {  // an inference whose inputs are read
    Inference inference;
    std::vector<at::Tensor> inputs;
    int64_t rows = 1;
    ServeClock::duration waited{0}, reading{0};
  };

  Verdict enter(const Inference& inference);
  // The lock is held, in both. As many as wait before it.
  ServeClock::duration foreseen_answer(size_t before) const;
  size_t place_of(const QueuedInference& inference) const;
  bool joins() const;
  void post_work();
  void begin_after_delay();
  // For the holder of a slot since then: computes a batch of those that wait; hands the slot on.
  void work(ServeClock::time_point since);
  void hand_on();
  std::vector<Inference> take();
  void compute(const std::vector<Inference>& inferences, ServeClock::time_point since);
  bool read(const Inference& inference, std::vector<Ready>& batch);
  void run(std::vector<Ready>& batch);
  void run_together(std::vector<Ready>& batch);
  void run_alone(Ready& one);
  void answer(Ready& one, const std::vector<at::Tensor>& outputs, ServeClock::duration compute);
  void fail(QueuedInference& inference, const InferenceFailure& failure);
  bool fits(const std::vector<Ready>& batch, const Ready& next) const;
  void note_cost(ServeClock::time_point since, ServeClock::time_point begun, size_t inferences);
  std::shared_ptr<void> announce(size_t inferences) const;  // null: it will not take long

  const std::shared_ptr<const Session> session_;
  const BatcherLimits limits_;
  const Threads threads_;
  ModelStatistics statistics_;
  mutable std::mutex mutex_;
  size_t free_slots_;
  size_t starting_ = 0;   // slots whose task has not begun
  size_t computing_ = 0;  // inferences that hold a slot
  bool delayed_ = false;  // a task is to come when the delay is over
  const void* last_client_ = nullptr;
  // Of an inference, as the last batches held their slots: what a task waits for a thread counts.
  ServeClock::duration cost_{0};
  ServeClock::duration own_cost_{0};  // the same without what tasks waited
  std::deque<Inference> waiting_;
};

}  // namespace maas
