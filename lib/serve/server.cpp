#include "serve/server.h"

#include <atomic>
#include <latch>
#include <mutex>
#include <thread>
#include <vector>

#include "base/cores.h"
#include "http/listener.h"
#include "http/routed_service.h"
#include "serve/oip/routes.h"
#include "serve/repository.h"
#include "serve/server_state.h"

namespace maas {
namespace {

ServeClock::duration seconds(double value) {
  return std::chrono::duration_cast<ServeClock::duration>(std::chrono::duration<double>(value));
}

}  // namespace

class Server::Impl {
 public:
  Impl(const ServeConfig& config, std::unique_ptr<Session> session, std::string version)
      : config_(config),
        workers_(config.workers > 0 ? config.workers : usable_cores()),
        state_{repository_,
               ready_,
               std::move(version),
               config.max_batch,
               seconds(config.request_timeout.value),
               static_cast<size_t>(config.max_body_bytes),
               static_cast<size_t>(config.pack_above)},
        service_(oip_routes(state_)),
        listener_(config, service_),
        repository_({served(std::move(session))}) {}

  void run(const std::function<void()>& on_ready) {
    const int64_t count = workers_ + 1;
    std::latch warm(count);
    std::vector<std::jthread> threads;
    for (int64_t i = 0; i < count; ++i) {
      threads.emplace_back([this, &warm] {
        remember_failure([&] { warm_up(); });
        warm.count_down();
        listener_.run();
      });
    }
    warm.wait();
    remember_failure([&] {
      if (failure_) return;
      ready_ = true;
      listener_.watch_signals([this] { stop(); });
      listener_.start([this] { tick(); });
      on_ready();
    });
    if (failure_) listener_.stop();
    threads.clear();
    if (failure_) std::rethrow_exception(failure_);
  }

  void stop() {
    if (!ready_.exchange(false)) return listener_.stop();
    listener_.close_after_answers();
    stop_at_ = (ServeClock::now() + seconds(config_.drain_delay.value)).time_since_epoch().count();
    if (config_.drain_delay.value <= 0) listener_.drain(config_.drain_timeout.value);
  }

  HttpListener& listener() { return listener_; }
  const Repository& repository() const { return repository_; }
  int64_t workers() const { return workers_; }

 private:
  ServedModel served(std::shared_ptr<const Session> session) {
    const BatcherLimits limits{static_cast<size_t>(workers_),
                               static_cast<size_t>(config_.queue_capacity), config_.batch_rows,
                               seconds(config_.max_queue_wait.value),
                               seconds(config_.batch_delay.value)};
    auto batcher = std::make_shared<Batcher>(
        session, limits, [this](ServeClock::duration delay, std::function<void()> task) {
          delay.count() > 0 ? listener_.post_after(delay, std::move(task))
                            : listener_.post(std::move(task));
        });
    return {std::move(session), std::move(batcher)};
  }

  void warm_up() const {
    for (const auto& model : repository_.models()) model->session->warm_up();
  }

  void tick() {
    const auto now = ServeClock::now();
    for (const auto& model : repository_.models()) model->batcher->expire(now);
    const int64_t stop_at = stop_at_;
    if (stop_at != 0 && now.time_since_epoch().count() >= stop_at) {
      listener_.drain(config_.drain_timeout.value);
    }
  }

  void remember_failure(const std::function<void()>& start) {
    try {
      start();
    } catch (...) {
      const std::lock_guard lock(failure_mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
  }

  const ServeConfig config_;
  const int64_t workers_;
  std::atomic<bool> ready_{false};
  std::atomic<int64_t> stop_at_{0};
  std::mutex failure_mutex_;
  std::exception_ptr failure_;  // the first of starting
  const ServerState state_;
  RoutedService service_;
  HttpListener listener_;
  Repository repository_;  // goes before the listener: what still waits holds connections of it
};

Server::Server(const ServeConfig& config, std::unique_ptr<Session> session, std::string version)
    : impl_(std::make_unique<Impl>(config, std::move(session), std::move(version))) {}
Server::~Server() = default;

uint16_t Server::port() const { return impl_->listener().port(); }
const SessionInfo& Server::model() const { return impl_->repository().models().front()->info(); }
int64_t Server::workers() const { return impl_->workers(); }
void Server::run(const std::function<void()>& on_ready) { impl_->run(on_ready); }
void Server::stop() { impl_->stop(); }

}  // namespace maas
