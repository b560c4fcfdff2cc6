#include "serve/batcher.h"

#include <ATen/ops/cat.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace maas {
namespace {

constexpr int kClientGone = 499;
constexpr size_t kFewBatches = 4;  // that wait a slot, whatever is foreseen
constexpr double kNewCostShare = 0.2;
constexpr std::chrono::microseconds kPatience{100};
constexpr std::chrono::milliseconds kLong{1};

int seconds_up(ServeClock::duration duration) {
  const double seconds = std::ceil(std::chrono::duration<double>(duration).count());
  return static_cast<int>(std::clamp(seconds, 1.0, 3600.0));
}

void smooth(ServeClock::duration& cost, ServeClock::duration latest) {
  if (cost.count() == 0) {
    cost = latest;
  } else {
    cost += std::chrono::duration_cast<ServeClock::duration>((latest - cost) * kNewCostShare);
  }
}

bool same_but_for_rows(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].sizes().slice(1) != b[i].sizes().slice(1)) return false;
  }
  return true;
}

}  // namespace

Batcher::Batcher(std::shared_ptr<const Session> session, const BatcherLimits& limits,
                 Threads threads)
    : session_(std::move(session)),
      limits_(limits),
      threads_(std::move(threads)),
      free_slots_(limits.slots) {}

void Batcher::submit(std::shared_ptr<QueuedInference> inference) {
  const Verdict verdict = enter(inference);
  constexpr const char* kFull = "too many requests are waiting; try again";
  switch (verdict.entry) {
    case Entry::kQueued:
      if (verdict.displaced) fail(*verdict.displaced, {503, kFull, 1});
      return;
    case Entry::kFull:
      return fail(*inference, {503, kFull, 1});
    case Entry::kTooLong:
      return fail(*inference,
                  {503, "the wait would be too long; try again later", seconds_up(verdict.wait)});
    case Entry::kRunNow:
      break;
  }
  compute({std::move(inference)}, ServeClock::now());
  hand_on();
}

bool Batcher::joins() const { return limits_.rows > 1 && session_->info().joins_rows; }

Batcher::Verdict Batcher::enter(const Inference& inference) {
  std::unique_lock lock(mutex_);
  const bool alone = std::exchange(last_client_, inference->client()) == inference->client();
  const bool delays = joins() && limits_.delay.count() > 0;
  if (free_slots_ > 0 && waiting_.empty() && (alone || !joins()) && !delays) {
    --free_slots_;
    ++computing_;
    return {Entry::kRunNow};
  }
  const size_t place = place_of(*inference);
  Inference displaced;
  if (free_slots_ == 0) {
    const bool full = waiting_.size() >= limits_.capacity;
    if (full && place == waiting_.size()) return {Entry::kFull};
    const auto wait = foreseen_answer(place);
    const auto longest = std::min(limits_.longest_wait, inference->deadline() - inference->arrived);
    if (place >= kFewBatches * limits_.slots && wait > longest) {
      return {Entry::kTooLong, wait};
    }
    if (full) {
      displaced = std::move(waiting_.back());
      waiting_.pop_back();
    }
  }
  waiting_.insert(waiting_.begin() + static_cast<std::ptrdiff_t>(place), inference);
  if (free_slots_ == 0) return {Entry::kQueued, {}, std::move(displaced)};
  if (delays && waiting_.size() < static_cast<size_t>(limits_.rows)) {
    if (std::exchange(delayed_, true)) return {Entry::kQueued};
    lock.unlock();
    threads_.post(limits_.delay, [self = shared_from_this()] { self->begin_after_delay(); });
    return {Entry::kQueued};
  }
  --free_slots_;
  ++starting_;
  lock.unlock();
  post_work();
  return {Entry::kQueued};
}

// Those that are computed have not begun, for all one knows, and as many come to share its batch as
// wait before it: what is admitted is rather early than late.
ServeClock::duration Batcher::foreseen_answer(size_t before) const {
  const size_t most = joins() ? static_cast<size_t>(limits_.rows) : 1;
  const size_t all = computing_ + before + std::min(before, most);
  return cost_ * static_cast<int64_t>(all) / static_cast<int64_t>(limits_.slots);
}

size_t Batcher::place_of(const QueuedInference& inference) const {
  size_t place = waiting_.size();
  while (place > 0 && waiting_[place - 1]->level() > inference.level()) --place;
  return place;
}

void Batcher::post_work() {
  threads_.post({}, [self = shared_from_this(), since = ServeClock::now()] {
    {
      const std::lock_guard lock(self->mutex_);
      --self->starting_;
    }
    self->work(since);
  });
}

void Batcher::begin_after_delay() {
  {
    const std::lock_guard lock(mutex_);
    delayed_ = false;
    if (waiting_.empty() || free_slots_ == 0) return;  // whoever frees a slot sees who waits
    --free_slots_;
  }
  work(ServeClock::now());
}

void Batcher::work(ServeClock::time_point since) {
  compute(take(), since);
  hand_on();
}

void Batcher::hand_on() {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) {
      ++free_slots_;
      return;
    }
    ++starting_;
  }
  post_work();
}

// As many as make a batch, but no more than this slot's share: others may be about to take theirs.
std::vector<Batcher::Inference> Batcher::take() {
  const std::lock_guard lock(mutex_);
  const size_t takers = 1 + starting_;
  const size_t share = (waiting_.size() + takers - 1) / takers;
  const size_t count = std::min(share, joins() ? static_cast<size_t>(limits_.rows) : 1);
  std::vector<Inference> taken(
      std::make_move_iterator(waiting_.begin()),
      std::make_move_iterator(waiting_.begin() + static_cast<std::ptrdiff_t>(count)));
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  computing_ += count;
  return taken;
}

void Batcher::expire(ServeClock::time_point now) {
  std::vector<Inference> late;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(waiting_, [&](const Inference& inference) {
      const bool expired = inference->deadline() < now;
      if (expired) late.push_back(inference);
      return expired;
    });
  }
  for (const Inference& inference : late) {
    fail(*inference, {504, "the request waited too long for a worker"});
  }
}

size_t Batcher::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

void Batcher::compute(const std::vector<Inference>& inferences, ServeClock::time_point since) {
  if (inferences.empty()) return;
  const auto begun = ServeClock::now();
  const std::shared_ptr<void> absence = announce(inferences.size());
  std::vector<Ready> batch;
  for (const Inference& inference : inferences) {
    std::vector<Ready> next;
    if (!read(inference, next)) continue;
    if (!batch.empty() && !fits(batch, next.front())) run(batch);
    batch.push_back(std::move(next.front()));
  }
  run(batch);
  note_cost(since, begun, inferences.size());
}

void Batcher::note_cost(ServeClock::time_point since, ServeClock::time_point begun,
                        size_t inferences) {
  const auto now = ServeClock::now();
  const auto count = static_cast<int64_t>(inferences);
  const std::lock_guard lock(mutex_);
  computing_ -= inferences;
  smooth(cost_, (now - since) / count);
  smooth(own_cost_, (now - begun) / count);
}

std::shared_ptr<void> Batcher::announce(size_t inferences) const {
  if (!threads_.long_work) return nullptr;
  {
    const std::lock_guard lock(mutex_);
    const bool is_known = own_cost_.count() > 0;
    if (is_known && own_cost_ * static_cast<int64_t>(inferences) < kLong) return nullptr;
  }
  return threads_.long_work();
}

// False: it has been failed.
bool Batcher::read(const Inference& inference, std::vector<Ready>& batch) {
  const auto start = ServeClock::now();
  if (inference->deadline() < start) {
    return fail(*inference, {504, "the request waited too long for a worker"}), false;
  }
  const auto waited = start - inference->arrived;
  // Asking costs a system call; who has just sent the request is there.
  if (waited > kPatience && !inference->is_wanted()) {
    fail(*inference, {kClientGone, "the client closed while the request waited"});
    return false;
  }
  Ready ready{inference, {}, 1, waited, {}};
  try {
    ready.inputs = inference->inputs();
    if (!ready.inputs.empty() && ready.inputs[0].dim() > 0) ready.rows = ready.inputs[0].size(0);
  } catch (...) {
    return fail(*inference, failure_of(std::current_exception())), false;
  }
  if (inference->deadline() < ServeClock::now()) {
    fail(*inference, {504, "the request waited longer than its timeout allows"});
    return false;
  }
  ready.reading = ServeClock::now() - start;
  batch.push_back(std::move(ready));
  return true;
}

bool Batcher::fits(const std::vector<Ready>& batch, const Ready& next) const {
  if (!joins()) return false;
  int64_t rows = next.rows;
  for (const Ready& ready : batch) rows += ready.rows;
  return rows <= limits_.rows && same_but_for_rows(batch.front().inputs, next.inputs);
}

// Leaves `batch` empty.
void Batcher::run(std::vector<Ready>& batch) {
  if (batch.size() == 1) {
    run_alone(batch.front());
  } else if (!batch.empty()) {
    run_together(batch);
  }
  batch.clear();
}

void Batcher::run_together(std::vector<Ready>& batch) {
  std::vector<at::Tensor> outputs;
  const auto start = ServeClock::now();
  int64_t rows = 0;
  try {
    std::vector<at::Tensor> inputs, parts;
    for (size_t i = 0; i < batch.front().inputs.size(); ++i) {
      parts.clear();
      for (const Ready& ready : batch) parts.push_back(ready.inputs[i]);
      inputs.push_back(at::cat(parts));
    }
    for (const Ready& ready : batch) rows += ready.rows;
    outputs = session_->infer(inputs);
  } catch (...) {
    // Which of them it was is seen when each is computed by itself.
    for (Ready& ready : batch) run_alone(ready);
    return;
  }
  const auto compute = ServeClock::now() - start;
  statistics_.computed(rows, compute);
  int64_t begin = 0;
  for (Ready& ready : batch) {
    std::vector<at::Tensor> own;
    for (const at::Tensor& output : outputs) own.push_back(output.narrow(0, begin, ready.rows));
    begin += ready.rows;
    answer(ready, own, compute);
  }
}

void Batcher::run_alone(Ready& one) {
  std::vector<at::Tensor> outputs;
  const auto start = ServeClock::now();
  try {
    outputs = session_->infer(one.inputs);
  } catch (...) {
    return fail(*one.inference, failure_of(std::current_exception()));
  }
  const auto compute = ServeClock::now() - start;
  statistics_.computed(one.rows, compute);
  answer(one, outputs, compute);
}

void Batcher::answer(Ready& one, const std::vector<at::Tensor>& outputs,
                     ServeClock::duration compute) {
  const auto start = ServeClock::now();
  try {
    one.inference->note_times(one.waited, compute);
    one.inference->answer(outputs);
  } catch (...) {
    return fail(*one.inference, failure_of(std::current_exception()));
  }
  const auto end = ServeClock::now();
  statistics_.answered(
      {one.waited, one.reading, compute, end - start, end - one.inference->arrived});
}

void Batcher::fail(QueuedInference& inference, const InferenceFailure& failure) {
  statistics_.ended(end_of_status(failure.status));
  inference.fail(failure);
}

}  // namespace maas
