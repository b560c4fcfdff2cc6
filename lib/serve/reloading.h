// The thread on which models are loaded while others are served.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "serve/model_control.h"
#include "serve/queued_inference.h"

namespace maas {

// Of low priority: a model that is loaded takes what those that are served leave.
class Reloading final : public ModelControl {
 public:
  struct Options {
    ServeClock::duration poll{0};  // 0 = only when asked
    bool clients_may = false;
  };
  // `apply` makes changes true; on the thread, once run. `loader` outlives it; null: no files.
  Reloading(ModelLoader* loader, const Options& options, std::function<void(ModelChanges&)> apply);
  ~Reloading() override;  // what is asked and not begun is dropped

  void start();       // from now on; the thread is there when something is to be done
  void check_soon();  // as a poll would

  bool is_allowed() const override { return options_.clients_may && loader_ != nullptr; }
  std::vector<ModelState> states() const override;
  void ask(Work work, std::function<void(std::exception_ptr)> done) override;

 private:
  void begin();  // the thread, unless it is there; the lock is held
  void run();
  void do_work(const Work& work, const std::function<void(std::exception_ptr)>& done);

  ModelLoader* const loader_;
  const Options options_;
  const std::function<void(ModelChanges&)> apply_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> wanted_;
  bool started_ = false, stopping_ = false;
  std::jthread thread_;
};

}  // namespace maas
