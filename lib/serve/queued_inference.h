// One inference that a client asked for, between a protocol (which reads and answers it) and a
// batcher (which decides when and with whom it is computed).
#pragma once

#include <ATen/core/Tensor.h>

#include <chrono>
#include <exception>
#include <optional>
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
// 400; without memory 503; of all else, which goes to the log, that something failed, with 500.
InferenceFailure failure_of(const std::exception_ptr& exception);

// None of its functions throws. The batcher calls answer() or fail(), once, after inputs() has
// given some or has not been called; from one thread at a time, whichever.
class QueuedInference {
 public:
  explicit QueuedInference(ServeClock::time_point last_start) : deadline(last_start) {}
  virtual ~QueuedInference() = default;

  const ServeClock::time_point deadline;  // not computed when it has waited for longer

  // Asked before one that has waited is computed.
  virtual bool is_wanted() = 0;
  // What Session::infer() takes, read from the request: here, on the thread that computes, and not
  // on arrival, so that a request that is turned away costs no reading. Called at most once.
  // Nothing: there is no such input, the request has been answered and is done.
  virtual std::optional<std::vector<at::Tensor>> inputs() = 0;
  virtual void answer(const std::vector<at::Tensor>& outputs) = 0;  // what infer() gave
  virtual void fail(const InferenceFailure& failure) = 0;
};

}  // namespace maas
