// One inference that a client asked for, between a protocol (which reads and answers it) and a
// batcher (which decides when and with whom it is computed).
#pragma once

#include <ATen/core/Tensor.h>

#include <chrono>
#include <exception>
#include <string>
#include <vector>

namespace maas {

using ServeClock = std::chrono::steady_clock;

// Why there are no outputs, in words for the client.
struct InferenceFailure {
  int status = 500;  // HTTP's; 499 (nginx's; only the log sees it) for a client that has gone
  std::string message;
  int retry_after_seconds = 0;  // 0 = not told
};

// What the client hears of an exception: of Error{kInput} where, what and what was expected, with
// 400; of RefusedRequest what it says; without memory 503; of all else, which goes to the log, that
// something failed, with 500.
InferenceFailure failure_of(const std::exception_ptr& exception);

// The batcher calls answer() or fail(), once, after inputs() or without it; from one thread at a
// time, whichever.
class QueuedInference {
 public:
  // Arrives now.
  explicit QueuedInference(ServeClock::duration longest_wait)
      : arrived(ServeClock::now()), deadline_(arrived + longest_wait) {}
  virtual ~QueuedInference() = default;

  const ServeClock::time_point arrived;
  // Not computed when it has waited for longer.
  ServeClock::time_point deadline() const { return deadline_; }

  // Who asks. A client has one inference under way at a time.
  virtual const void* client() const = 0;
  // Those of a lower level are computed first; 1 is the lowest. Does not change.
  virtual int64_t level() const { return 1; }
  // Asked before one that has waited is computed.
  virtual bool is_wanted() = 0;
  // What Session::infer() takes, read from the request: here, on the thread that computes, and not
  // on arrival, so that a request that is turned away costs no reading. Called at most once. Throws
  // what failure_of() knows. May give an earlier deadline, which counts from then on.
  virtual std::vector<at::Tensor> inputs() = 0;
  // Before answer(): how long it has waited, and how long its batch was computed.
  virtual void note_times(ServeClock::duration /*queue*/, ServeClock::duration /*compute*/) {}
  // What infer() gave. May throw, before anything of the answer has been sent; then fail() follows.
  virtual void answer(const std::vector<at::Tensor>& outputs) = 0;
  virtual void fail(const InferenceFailure& failure) noexcept = 0;

 protected:
  void wait_at_most(ServeClock::duration wait) { deadline_ = std::min(deadline_, arrived + wait); }

 private:
  ServeClock::time_point deadline_;
};

}  // namespace maas
