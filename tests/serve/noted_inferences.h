// Inferences that note what happens to them, and a batcher whose tasks run when a test says so.
#pragma once

#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <functional>
#include <string>
#include <thread>

#include "base/error.h"
#include "base/throw_error.h"
#include "serve/batcher.h"
#include "serve/requests.h"

namespace maas {

inline constexpr std::chrono::hours kLong{1};

inline bool has_minus_one(const at::Tensor& tensor) { return tensor.min().item<double>() == -1; }

// Gives back what it takes; fails on -1.
class Copies final : public Session {
 public:
  const SessionInfo& info() const override { return info_; }
  std::vector<at::Tensor> infer(const std::vector<at::Tensor>& inputs) const override {
    if (has_minus_one(inputs[0])) throw std::runtime_error("/secret/path");
    return inputs;
  }

 private:
  SessionInfo info_ = small_model();
};

// Writes into the log: its number when it is read, "=" and the output, "-" and the failure's
// status.
class Noted final : public QueuedInference {
 public:
  Noted(std::string& log, int number, ServeClock::duration wait = kLong)
      : QueuedInference(wait), log_(log), number_(number) {}
  const void* client() const override { return client_of_all ? nullptr : this; }
  bool is_wanted() override { return wanted; }
  int64_t level() const override { return priority; }
  std::vector<at::Tensor> inputs() override {
    log_ += std::to_string(number_);
    if (during) during();
    if (!readable) throw_input("input", "is unreadable", "another");
    return {at::full({rows, width}, number_)};
  }
  void answer(const std::vector<at::Tensor>& outputs) override {
    log_ += "=" + std::to_string(outputs.at(0).max().item<int64_t>()) + " ";
  }
  void fail(const InferenceFailure& failure) noexcept override {
    failed = failure;
    log_ += "-" + std::to_string(failure.status) + " ";
  }

  bool wanted = true, readable = true, client_of_all = false;
  int64_t rows = 1, width = 1, priority = 1;
  std::function<void()> during;
  InferenceFailure failed;

 private:
  std::string& log_;
  int number_;
};

// A batcher whose posted tasks run when the test says so.
class BatcherTest : public testing::Test {
 protected:
  std::shared_ptr<Batcher> batcher(const BatcherLimits& limits) {
    return std::make_shared<Batcher>(
        std::make_shared<Copies>(), limits,
        Batcher::Threads{[this](ServeClock::duration, std::function<void()> task) {
                           tasks.push_back(std::move(task));
                         },
                         [this] { return announce(); }});
  }
  std::shared_ptr<void> announce() {
    ++announced;
    return {nullptr, [this](void*) { --announced; }};
  }
  std::shared_ptr<Batcher> batcher(size_t slots, size_t capacity) {
    return batcher(BatcherLimits{.slots = slots, .capacity = capacity});
  }
  std::shared_ptr<Noted> inference(int number, ServeClock::duration last = kLong) {
    return std::make_shared<Noted>(log, number, last);
  }
  // Submits 1, and while it is computed whatever `others` submits.
  void submit_while_busy(Batcher& to, const std::function<void()>& others) {
    const auto first = inference(1);
    first->during = others;
    to.submit(first);
  }
  // Until it has waited for longer than the batcher takes for no time at all.
  static void let_wait(const Noted& inference) {
    while (ServeClock::now() - inference.arrived < std::chrono::milliseconds(1)) {
      std::this_thread::yield();
    }
  }
  void run_tasks() {
    while (!tasks.empty()) {
      const auto task = std::move(tasks.front());
      tasks.pop_front();
      task();
    }
  }

  std::string log;
  std::deque<std::function<void()>> tasks;
  int announced = 0;  // long works that have not ended
};

}  // namespace maas
