#include "serve/batcher.h"

#include <utility>

namespace maas {
namespace {

constexpr int kClientGone = 499;

void expire_one(QueuedInference& inference) {
  inference.fail({504, "the request waited too long for a worker"});
}

}  // namespace

void Batcher::submit(std::shared_ptr<QueuedInference> inference) {
  switch (enter(inference)) {
    case Entry::kQueued:
      return;
    case Entry::kFull:
      return inference->fail({503, "too many requests are waiting; try again", 1});
    case Entry::kRunNow:
      break;
  }
  compute(*inference);
  inference.reset();
  pass_slot_on();
}

void Batcher::expire(ServeClock::time_point now) {
  while (const auto late = take_expired(now)) expire_one(*late);
}

size_t Batcher::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

Batcher::Entry Batcher::enter(const std::shared_ptr<QueuedInference>& inference) {
  const std::lock_guard lock(mutex_);
  if (free_slots_ > 0 && waiting_.empty()) {
    --free_slots_;
    return Entry::kRunNow;
  }
  if (waiting_.size() >= capacity_) return Entry::kFull;
  waiting_.push_back(inference);
  return Entry::kQueued;
}

std::shared_ptr<QueuedInference> Batcher::next() {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) {
    ++free_slots_;
    return nullptr;
  }
  auto first = std::move(waiting_.front());
  waiting_.pop_front();
  return first;
}

std::shared_ptr<QueuedInference> Batcher::take_expired(ServeClock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty() || waiting_.front()->deadline >= now) return nullptr;
  auto late = std::move(waiting_.front());
  waiting_.pop_front();
  return late;
}

void Batcher::compute(QueuedInference& inference) const {
  const auto inputs = inference.inputs();
  if (!inputs) return;
  std::vector<at::Tensor> outputs;
  try {
    outputs = session_->infer(*inputs);
  } catch (...) {
    return inference.fail(failure_of(std::current_exception()));
  }
  inference.answer(outputs);
}

void Batcher::pass_slot_on() {
  auto following = next();
  if (!following) return;
  post_([this, inference = std::move(following)] {
    if (inference->deadline < ServeClock::now()) {
      expire_one(*inference);
    } else if (inference->is_wanted()) {
      compute(*inference);
    } else {
      inference->fail({kClientGone, "the client closed while the request waited"});
    }
    pass_slot_on();
  });
}

}  // namespace maas
