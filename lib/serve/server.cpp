#include "serve/server.h"

#include <fmt/format.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <thread>
#include <vector>

#include "base/cores.h"
#include "base/error.h"
#include "base/json_writer.h"
#include "http/access_log.h"
#include "http/head.h"
#include "http/listener.h"
#include "serve/oip.h"
#include "serve/queue.h"

namespace maas {
namespace {

constexpr int kClientGone = 499;  // nginx's; only the log sees it

ServeClock::duration seconds(double value) {
  return std::chrono::duration_cast<ServeClock::duration>(std::chrono::duration<double>(value));
}

// The client hears what is wrong with its request, in one line, without the fix that is for those
// who run the server.
std::string client_text(const Error& error) {
  const Problem& problem = error.first();
  std::string text = problem.where + " " + problem.what;
  if (!problem.expected.empty()) text += "; expected " + problem.expected;
  return text;
}

}  // namespace

class Server::Impl final : public HttpService {
 public:
  Impl(const ServeConfig& config, std::unique_ptr<Session> session, std::string version)
      : config_(config),
        session_(std::move(session)),
        version_(std::move(version)),
        workers_(config.workers > 0 ? config.workers : usable_cores()),
        listener_(config, *this),
        queue_(static_cast<size_t>(workers_), static_cast<size_t>(config.queue_capacity)) {}

  bool admit(HttpExchange& exchange) override {
    HttpResponse& response = exchange.response;
    const RouteRefusal refusal =
        find_route(exchange.head.method, exchange.head.path(), exchange.route);
    if (refusal.status != 0) {
      response.set_error(refusal.status, refusal.message);
      response.allow = refusal.allow;
      return false;
    }
    const RouteMatch& route = exchange.route;
    const bool other_model = !route.model.empty() && route.model != session_->info().name;
    if (other_model || (!route.version.empty() && route.version != session_->info().version)) {
      response.set_error(404,
                         fmt::format("no model '{}'{}; this server has '{}'", route.model,
                                     other_model ? "" : " of this version", session_->info().name));
      return false;
    }
    if (route.route->action != RouteAction::kInfer) return true;
    if (exchange.head.has_binary_tensors) {
      response.set_error(415, "tensors are taken in JSON only; tritonclient: binary_data=False");
      return false;
    }
    // A page elsewhere can post text/plain and forms to this server unasked. No type at all, which
    // tritonclient sends, is safe: browsers tell the origin of a post, and that has been checked.
    if (exchange.head.content_type_count > 0 && !is_json_content_type(exchange.head.content_type)) {
      response.set_error(415, "the Content-Type must be application/json");
      return false;
    }
    return true;
  }

  void serve(std::shared_ptr<HttpExchange> exchange) override {
    if (exchange->route.route->action == RouteAction::kInfer) return enqueue(std::move(exchange));
    answer_question(*exchange);
    exchange->send();
  }

  void run(const std::function<void()>& on_ready) {
    const int64_t count = workers_ + 1;
    std::latch warm(count);
    std::vector<std::jthread> threads;
    for (int64_t i = 0; i < count; ++i) {
      threads.emplace_back([this, &warm] {
        remember_failure([&] { session_->warm_up(); });
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
    stop_at_ = (ServeClock::now() + seconds(config_.drain_delay.value)).time_since_epoch().count();
    if (config_.drain_delay.value <= 0) listener_.drain(config_.drain_timeout.value);
  }

  const ServeConfig& config() const { return config_; }
  HttpListener& listener() { return listener_; }
  const Session& session() const { return *session_; }
  int64_t workers() const { return workers_; }

 private:
  void tick() {
    const auto now = ServeClock::now();
    for (const Job& job : queue_.take_expired(now)) job.expire();
    const int64_t stop_at = stop_at_;
    if (stop_at != 0 && now.time_since_epoch().count() >= stop_at) {
      listener_.drain(config_.drain_timeout.value);
    }
  }

  void answer_question(HttpExchange& exchange) const {
    HttpResponse& response = exchange.response;
    const bool ready = ready_;
    switch (exchange.route.route->action) {
      case RouteAction::kLive:
        response.body = R"({"live":true})";
        return;
      case RouteAction::kReady:
        response.status = ready ? 200 : 503;
        response.body = ready ? R"({"ready":true})" : R"({"ready":false})";
        return;
      case RouteAction::kModelReady:
        response.status = ready ? 200 : 503;
        response.body = fmt::format(R"({{"name":"{}","ready":{}}})", session_->info().name, ready);
        return;
      case RouteAction::kServerMetadata:
        response.body = server_metadata(version_);
        return;
      case RouteAction::kModelMetadata:
        response.body = model_metadata(session_->info());
        return;
      case RouteAction::kInfer:
        return;
    }
  }

  // A free slot: the inference runs right here, on the thread that read the request.
  void enqueue(std::shared_ptr<HttpExchange> exchange) {
    Job job;
    const auto arrived = ServeClock::now();
    job.deadline = arrived + seconds(config_.request_timeout.value);
    job.run = [this, exchange, arrived] { infer(*exchange, arrived); };
    job.is_wanted = [exchange] { return !exchange->client_is_gone(); };
    job.drop = [exchange] {
      exchange->response.set_error(kClientGone, "the client closed while the request waited");
      exchange->send();
    };
    job.expire = [exchange] {
      exchange->response.set_error(504, "the request waited too long for a worker");
      exchange->send();
    };
    switch (queue_.push(job)) {
      case JobQueue::Entry::kQueued:
        return;
      case JobQueue::Entry::kFull:
        exchange->response.set_error(503, "too many requests are waiting; try again");
        exchange->response.retry_after_seconds = 1;
        return exchange->send();
      case JobQueue::Entry::kRunNow:
        break;
    }
    job.run();
    pass_slot_on();
  }

  // A job that has waited is a task of its own: run as part of the turn of the connection before
  // it, it would keep that one from its next request, and under load for good.
  void pass_slot_on() {
    auto next = queue_.next();
    if (!next) return;
    listener_.post([this, job = std::move(*next)] {
      if (job.deadline < ServeClock::now()) {
        job.expire();
      } else {
        job.is_wanted() ? job.run() : job.drop();
      }
      pass_slot_on();
    });
  }

  void infer(HttpExchange& exchange, ServeClock::time_point arrived) const {
    HttpResponse& response = exchange.response;
    const SessionInfo& info = session_->info();
    try {
      const InferRequest request = parse_infer_request(exchange.body, info, config_.max_batch);
      if (request.timeout.count() > 0 && ServeClock::now() - arrived > request.timeout) {
        response.set_error(504, "the request waited longer than its timeout allows");
      } else {
        response.body = infer_answer(info, request, session_->infer(request.inputs));
      }
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::kInput) {
        response.set_error(400, client_text(error));
      } else {
        fail(response, error.what());
      }
    } catch (const std::bad_alloc&) {
      log_failure("out of memory in an inference");
      response.set_error(503, "out of memory; send less at once");
    } catch (const std::exception& error) {
      fail(response, error.what());
    }
    exchange.send();
  }

  void remember_failure(const std::function<void()>& start) {
    try {
      start();
    } catch (...) {
      const std::lock_guard lock(failure_mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
  }

  static void fail(HttpResponse& response, std::string_view what) {
    log_failure(what);
    response.set_error(500, "the model failed on this request; the server's log says why");
  }

  const ServeConfig config_;
  const std::unique_ptr<Session> session_;
  const std::string version_;
  const int64_t workers_;
  std::atomic<bool> ready_{false};
  std::atomic<int64_t> stop_at_{0};
  std::mutex failure_mutex_;
  std::exception_ptr failure_;  // the first of starting
  HttpListener listener_;
  JobQueue queue_;  // goes before the listener: what still waits holds connections of it
};

Server::Server(const ServeConfig& config, std::unique_ptr<Session> session, std::string version)
    : impl_(std::make_unique<Impl>(config, std::move(session), std::move(version))) {}
Server::~Server() = default;

uint16_t Server::port() const { return impl_->listener().port(); }
const SessionInfo& Server::model() const { return impl_->session().info(); }
int64_t Server::workers() const { return impl_->workers(); }
void Server::run(const std::function<void()>& on_ready) { impl_->run(on_ready); }
void Server::stop() { impl_->stop(); }

}  // namespace maas
