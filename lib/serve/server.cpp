#include "serve/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <deque>
#include <filesystem>
#include <latch>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/cores.h"
#include "base/throw_error.h"
#include "http/access_log.h"
#include "http/api_keys.h"
#include "http/listener.h"
#include "http/routed_service.h"
#include "serve/grpc/port.h"
#include "serve/health_port.h"
#include "serve/metrics.h"
#include "serve/oip/routes.h"
#include "serve/openapi/document.h"
#include "serve/protocols.h"
#include "serve/reloading.h"
#include "serve/repository.h"
#include "serve/sandbox.h"
#include "serve/server_state.h"
#include "serve/torchserve/routes.h"

namespace maas {
namespace {

constexpr size_t kModelsWithThreads = 8;

ServeClock::duration seconds(double value) {
  return std::chrono::duration_cast<ServeClock::duration>(std::chrono::duration<double>(value));
}

}  // namespace

void check_serve_config(const ServeConfig& config) {
  check_http_config(config);
  parse_version_policy(config.versions, "serve.versions");
  const Traffic checked(config.models);
  if (!config.keys.path.empty()) read_api_keys(config.keys.path);
  if (config.health_port > 0 && config.health_port == config.port) {
    throw_usage("serve.health_port", fmt::format("is {}, as serve.port is", config.port),
                "a second port", "choose another, or 0 for any free one");
  }
  if (config.grpc_port < 0) return;
  if (config.grpc_port > 0 &&
      (config.grpc_port == config.port || config.grpc_port == config.health_port)) {
    throw_usage("serve.grpc_port",
                fmt::format("is {}, as {} is", config.grpc_port,
                            config.grpc_port == config.port ? "serve.port" : "serve.health_port"),
                "a port of its own", "choose another, or 0 for any free one");
  }
  load_grpc_module();
}

class Server::Impl {
 public:
  Impl(const ServeConfig& config, std::vector<std::unique_ptr<Session>> sessions,
       std::string version, ModelLoader* loader)
      : config_(config),
        workers_(config.workers > 0 ? config.workers : usable_cores()),
        state_{repository_,
               ready_,
               std::move(version),
               config.max_batch,
               seconds(config.request_timeout.value),
               static_cast<size_t>(config.max_body_bytes),
               static_cast<size_t>(config.pack_above),
               &reloading_,
               &shadows_,
               config.priority_levels},
        keys_(config.keys.path.empty()
                  ? nullptr
                  : std::make_unique<ApiKeys>(read_api_keys(config.keys.path))),
        service_(all_routes(), gate()),
        log_(config.access_log.empty() ? nullptr : std::make_unique<AccessLog>(config.access_log)),
        listener_(config, service_, log_.get()),
        repository_({}, Traffic(config.models)),
        reloading_(loader, {seconds(config.poll.value), config.model_control},
                   [this](ModelChanges& changes) { apply(changes); }) {
    for (auto& session : sessions) repository_.put(served(std::move(session)));
    if (config.health_port >= 0) {
      health_.emplace(config, health_routes(), gate());
    }
    if (config.grpc_port >= 0) {
      grpc_ = std::make_unique<GrpcPort>(
          config, GrpcLinks{state_, gate(), log_.get(), listener_.shared_counters(),
                            [this] { listener_.release_memory_soon(); }});
    }
  }

  void run(const std::function<void()>& on_ready) {
    if (config_.sandbox) enter_sandbox(log_folders());
    const size_t count = wanted_threads();
    std::latch warm(static_cast<std::ptrdiff_t>(count));
    for (size_t i = 0; i < count; ++i) {
      threads_.emplace_back([this, &warm, i] {
        remember_failure([&] { warm_up(); });
        warm.count_down();
        i < static_cast<size_t>(workers_) ? listener_.run() : listener_.stand_in();
      });
    }
    warm.wait();
    remember_failure([&] {
      if (failure_) return;
      ready_ = true;
      listener_.watch_stop_signals([this] { stop(); });
      listener_.watch_signal(SIGHUP, [this] { read_again(); });
      if (log_) listener_.watch_signal(SIGUSR1, [this] { log_->reopen(); });
      if (health_) health_->start();
      listener_.start([this] { tick(); });
      reloading_.start();
      if (grpc_)
        grpc_->start([this](std::function<void()> work) { listener_.post(std::move(work)); });
      on_ready();
    });
    if (failure_) listener_.stop();
    join_threads();
    if (grpc_) grpc_->close();
    if (health_) health_->stop();
    if (failure_) std::rethrow_exception(failure_);
  }

  void stop() {
    if (!ready_.exchange(false)) return listener_.stop();
    listener_.close_after_answers();
    if (grpc_) grpc_->say_not_serving();
    stop_at_ = (ServeClock::now() + seconds(config_.drain_delay.value)).time_since_epoch().count();
    if (config_.drain_delay.value <= 0) drain();
  }

  HttpListener& listener() { return listener_; }
  const Repository& repository() const { return repository_; }
  int64_t workers() const { return workers_; }
  uint16_t health_port() const { return health_ ? health_->port() : 0; }
  uint16_t grpc_port() const { return grpc_ ? grpc_->port() : 0; }

 private:
  std::vector<Route> health_routes() {
    std::vector<Route> routes = oip_health_routes(state_);
    routes.push_back(ping_route(state_));
    routes.push_back(metrics_route());
    return routes;
  }

  Route metrics_route() {
    return {"GET",
            "/metrics",
            RouteScope::kMetrics,
            [this](const std::shared_ptr<HttpExchange>& exchange) {
              exchange->send(
                  200,
                  metrics_text(repository_.models(), listener_.counters(),
                               {grpc_ ? &grpc_->shared() : nullptr, config_.triton_metrics}),
                  {.content_type = "text/plain; version=0.0.4; charset=utf-8"});
            },
            {},
            {"Counters for Prometheus"}};
  }

  std::vector<std::filesystem::path> log_folders() const {
    if (config_.access_log.empty() || config_.access_log == "-") return {};
    return {std::filesystem::absolute(config_.access_log).parent_path()};
  }

  // Called when the listener does not exist yet: handlers are called when it does.
  std::vector<Route> all_routes() {
    std::vector<Route> routes = protocol_routes(state_);
    routes.push_back(metrics_route());
    routes.push_back(openapi_route(routes, state_));
    return routes;
  }

  RoutedService::Gate gate() {
    if (!keys_) return {};
    return [this](HttpExchange& exchange, RouteScope scope) {
      return keys_->judge(exchange, scope, &exchange.notes.key);
    };
  }

  // At SIGHUP. Keys and certificates that cannot be read leave those that are in use.
  void read_again() {
    reloading_.check_soon();
    try {
      listener_.reload_certificates();
      if (grpc_) grpc_->read_certificates();
      if (keys_) keys_->replace(read_api_keys(config_.keys.path));
    } catch (const std::exception& failure) {
      log_failure(failure.what());
    }
  }

  ServedModel served(std::shared_ptr<const Session> session) {
    const BatcherLimits limits{static_cast<size_t>(workers_),
                               static_cast<size_t>(config_.queue_capacity), config_.batch_rows,
                               seconds(config_.max_queue_wait.value),
                               seconds(config_.batch_delay.value)};
    auto batcher = std::make_shared<Batcher>(
        session, limits,
        Batcher::Threads{[this](ServeClock::duration delay, std::function<void()> task) {
                           delay.count() > 0 ? listener_.post_after(delay, std::move(task))
                                             : listener_.post(std::move(task));
                         },
                         [this] { return listener_.long_work(); }});
    return {std::move(session), std::move(batcher)};
  }

  // On the thread that loads. The new is there before the old goes.
  void apply(ModelChanges& changes) {
    for (auto& session : changes.loaded) {
      session->warm_up();
      repository_.put(served(std::move(session)));
    }
    for (const ModelKey& key : changes.gone) repository_.remove(key.first, key.second);
    for (const std::string& text : changes.told) log_notice(text);
    for (const std::string& text : changes.failed) log_failure(text);
    if (!changes.loaded.empty() || !changes.gone.empty()) listener_.release_memory_soon();
    add_threads();
  }

  size_t wanted_threads() const {
    const size_t models = std::clamp<size_t>(repository_.models().size(), 1, kModelsWithThreads);
    return static_cast<size_t>(workers_) * models + 1;
  }

  void add_threads() {
    const std::lock_guard lock(threads_mutex_);
    while (!joining_ && threads_.size() < wanted_threads()) {
      threads_.emplace_back([this] {
        remember_failure([&] { warm_up(); });
        listener_.stand_in();
      });
    }
  }

  // Those that are there end with the listener; none is added after it.
  void join_threads() {
    for (size_t i = 0;; ++i) {
      std::jthread* next = nullptr;
      {
        const std::lock_guard lock(threads_mutex_);
        if (i < threads_.size()) next = &threads_[i];
        joining_ = next == nullptr;
      }
      if (next == nullptr) return;
      next->join();
    }
  }

  void warm_up() const {
    for (const auto& model : repository_.models()) model->session->warm_up();
  }

  void tick() {
    const auto now = ServeClock::now();
    for (const auto& model : repository_.models()) model->batcher->expire(now);
    const int64_t stop_at = stop_at_;
    if (stop_at != 0 && now.time_since_epoch().count() >= stop_at) {
      drain();
    }
  }

  // gRPC first: its calls are computed by the listener's threads, which end when that is drained.
  void drain() {
    const double longest = config_.drain_timeout.value;
    if (!grpc_) return listener_.drain(longest);
    const std::lock_guard lock(drain_mutex_);
    if (!drain_began_) {
      drain_began_ = ServeClock::now();
      grpc_->begin_drain(longest);
    }
    const std::chrono::duration<double> spent = ServeClock::now() - *drain_began_;
    if (grpc_->is_drained()) listener_.drain(std::max(0.0, longest - spent.count()));
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
  const std::unique_ptr<ApiKeys> keys_;  // null: none are needed
  RoutedService service_;
  const std::unique_ptr<AccessLog> log_;  // null: none
  std::unique_ptr<GrpcPort> grpc_;        // outlives all in which its calls can wait
  HttpListener listener_;
  Repository repository_;  // goes before the listener: what still waits holds connections of it
  ShadowRunner shadows_;
  std::optional<HealthPort> health_;
  std::mutex threads_mutex_;
  std::deque<std::jthread> threads_;  // of the listener
  bool joining_ = false;
  std::mutex drain_mutex_;
  std::optional<ServeClock::time_point> drain_began_;
  Reloading reloading_;  // goes first: it changes all of these
};

Server::Server(const ServeConfig& config, std::vector<std::unique_ptr<Session>> sessions,
               std::string version, ModelLoader* loader)
    : impl_(std::make_unique<Impl>(config, std::move(sessions), std::move(version), loader)) {}
Server::~Server() = default;

uint16_t Server::port() const { return impl_->listener().port(); }
uint16_t Server::health_port() const { return impl_->health_port(); }
uint16_t Server::grpc_port() const { return impl_->grpc_port(); }
std::vector<SessionInfo> Server::models() const {
  std::vector<SessionInfo> infos;
  for (const auto& model : impl_->repository().models()) infos.push_back(model->info());
  return infos;
}
int64_t Server::workers() const { return impl_->workers(); }
void Server::run(const std::function<void()>& on_ready) { impl_->run(on_ready); }
void Server::stop() { impl_->stop(); }

}  // namespace maas
