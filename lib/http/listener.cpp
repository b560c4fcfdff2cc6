#include "http/listener.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <csignal>
#include <list>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/throw_error.h"
#include "http/connection.h"
#include "http/give_back_memory.h"
#include "http/stand_ins.h"
#include "http/tls.h"

namespace maas {
namespace {

constexpr auto kTick = std::chrono::milliseconds(200);
constexpr double kReleaseAfterSeconds = 1;
constexpr double kReleaseForSeconds = 10;   // a worker may be busy for long
constexpr double kYieldAfterSeconds = 0.1;  // of silence: a connection in use is not closed
constexpr double kUsableFiles = 0.8;  // of the open-file limit; the rest is for everything else

// Raises the soft limit of open files to the hard one; returns how many connections it allows.
size_t connection_limit(int64_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return static_cast<size_t>(wanted);
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) ::getrlimit(RLIMIT_NOFILE, &limit);
  }
  const double usable = kUsableFiles * static_cast<double>(limit.rlim_cur);
  return static_cast<size_t>(std::max(1.0, std::min(static_cast<double>(wanted), usable)));
}

tcp::endpoint endpoint_of(const HttpConfig& config) {
  error_code error;
  const auto address =
      net::ip::make_address(config.host == "localhost" ? "127.0.0.1" : config.host, error);
  if (error) {
    const bool with_port = config.host.find_last_of(':') == config.host.find(':') &&
                           config.host.find(':') != std::string::npos;
    throw_usage("serve.host",
                fmt::format("'{}' is {}", config.host,
                            with_port ? "an address with a port" : "not an address"),
                "an IP address such as 127.0.0.1, 0.0.0.0 or ::1, or localhost",
                with_port ? "give the port with --port"
                          : "names are not looked up: name the address of a network interface");
  }
  if (!address.is_loopback() && !config.insecure && config.keys.path.empty()) {
    throw Error(
        ErrorKind::kUsage,
        {.where = "serve.host",
         .what = fmt::format("{} can be reached from other machines", config.host),
         .expected = "a loopback address, as requests need no key",
         .fix = "give serve.keys (`maas key` makes keys), use --host 127.0.0.1 behind a proxy, or "
                "add --insecure in a trusted network"});
  }
  return {address, static_cast<uint16_t>(config.port)};
}

void check_tls(const TlsConfig& tls) {
  const bool others = !tls.key.path.empty() || !tls.client_ca.path.empty();
  if (tls.given() ? !tls.key.path.empty() : !others) return;
  throw_usage("serve.tls", tls.given() ? "has a certificate but no key" : "has no certificate",
              "both certificate and key, or neither",
              "give serve.tls.certificate and serve.tls.key");
}

[[noreturn]] void refuse_to_listen(const HttpConfig& config, const error_code& error) {
  Problem problem{
      .where = fmt::format("{}:{}", config.host, config.port),
      .what = "cannot listen: " + error.message(),
      .expected = "a free port",
      .fix = fmt::format("choose another with {0}N; {0}0 takes any free one", config.port_option)};
  if (error == net::error::address_family_not_supported ||
      error == boost::system::errc::address_not_available) {
    problem.expected = "an address of this machine";
    problem.fix = "choose one of a network interface with --host; 0.0.0.0 is all of them";
  } else if (error == boost::system::errc::permission_denied) {
    problem.expected = "a port that this user may open";
    problem.fix = fmt::format("choose one from 1024 on with {}N", config.port_option);
  }
  throw Error(ErrorKind::kResources, problem);
}

}  // namespace

void check_http_config(const HttpConfig& config) {
  endpoint_of(config);
  check_tls(config.tls);
  if (config.tls.given()) const TlsContext read(config.tls);
}

struct HttpListener::State {
  explicit State(const HttpConfig& config)
      : acceptor(io), ticker(io), signals(io), guard(net::make_work_guard(io)) {
    shared->config = config;
    check_tls(config.tls);
    if (config.tls.given()) tls.emplace(config.tls);
    shared->stand_ins = &stand_ins;
    shared->on_room = [this] { net::post(strand, [this] { accept(); }); };
    max_connections = connection_limit(config.max_connections);
  }

  ~State() { shared->room_wanted = false; }

  void bind() {
    const tcp::endpoint endpoint = endpoint_of(shared->config);
    error_code error;
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(net::socket_base::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(net::socket_base::max_listen_connections, error);
    if (!error) {
      port = acceptor.local_endpoint().port();
      return;
    }
    refuse_to_listen(shared->config, error);
  }

  size_t open_connections() {
    const std::lock_guard lock(shared->mutex);
    return shared->connections.size();
  }

  // At the limit the kernel's queue holds newcomers until a connection goes, and idle ones are made
  // to; out of file descriptors, until a tick.
  void accept() {
    if (accepting || shared->draining) return;
    accepting = true;
    if (open_connections() >= max_connections) {
      acceptor.async_wait(tcp::acceptor::wait_read, [this](error_code error) {
        net::post(strand, [this, error] {
          accepting = false;
          if (!error) make_room();
        });
      });
      return;
    }
    acceptor.async_accept(net::make_strand(io), [this](error_code error, tcp::socket socket) {
      net::post(strand, [this, error, client = std::move(socket)]() mutable {
        accepting = false;
        if (error) return;  // the next tick tries again
        take(std::move(client));
        accept();
      });
    });
  }

  void take(tcp::socket socket) {
    auto connection = std::make_shared<Connection>(std::move(socket), shared);
    if (tls) connection->encrypt(tls->current());
    ++shared->counters.connections;
    {
      const std::lock_guard lock(shared->mutex);
      shared->connections.emplace(connection.get(), connection);
    }
    connection->start();
  }

  // For a newcomer that waits: now, or when a connection goes, or at a tick.
  void make_room() {
    if (open_connections() < max_connections) return accept();
    shared->room_wanted = true;
    close_longest_idle(1 + max_connections / 64);
  }

  void close_longest_idle(size_t most) {
    std::vector<std::pair<int64_t, std::shared_ptr<Connection>>> idle;
    const int64_t latest = now_ns() - to_ns(kYieldAfterSeconds);
    for_each_connection([&](const std::shared_ptr<Connection>& connection) {
      const int64_t since = connection->idle_since();
      if (since < latest) idle.emplace_back(since, connection);
    });
    std::sort(idle.begin(), idle.end());
    idle.resize(std::min(most, idle.size()));
    for (const auto& [_, connection] : idle) connection->close_if_idle();
  }

  void tick() {
    ticker.expires_after(kTick);
    ticker.async_wait([this](error_code error) {
      if (error) return;
      net::post(strand, [this] {
        check_deadlines();
        release_memory();
        if (on_tick) on_tick();
        if (shared->draining && (open_connections() == 0 || now_ns() > drained_by))
          return io.stop();
        accept();
        tick();
      });
    });
  }

  void check_deadlines() {
    const int64_t now = now_ns();
    for_each_connection([now](const std::shared_ptr<Connection>& connection) {
      if (connection->is_overdue(now)) connection->check_deadline();
    });
  }

  void wait_for(net::signal_set& signal, std::function<void()> act) {
    signal.async_wait([this, &signal, action = std::move(act)](error_code error, int) mutable {
      if (error) return;
      action();
      wait_for(signal, std::move(action));
    });
  }

  // After large bodies or answers, and a second without one. Each thread has an arena of its own,
  // and nobody says which thread takes a task: at every tick there are some, until all had one.
  void release_memory() {
    if (shared->freed_much.exchange(false)) {
      release_at = now_ns() + to_ns(kReleaseAfterSeconds);
      released = 0;
      ++releases;
    }
    if (release_at == 0 || now_ns() < release_at) return;
    give_back = releases;
    if (released >= stand_ins.members() || now_ns() > release_at + to_ns(kReleaseForSeconds)) {
      release_at = 0;
      return;
    }
    for (int i = 0; i < stand_ins.members(); ++i) {
      net::post(io, [this] { give_back_once(); });
    }
  }

  // On each thread, after each large text.
  void give_back_once() {
    thread_local int64_t last = 0;
    const int64_t number = give_back;
    if (std::exchange(last, number) == number) return;
    give_back_memory();
    ++released;
  }

  void for_each_connection(const std::function<void(const std::shared_ptr<Connection>&)>& visit) {
    std::vector<std::shared_ptr<Connection>> alive;  // may die after, never during, the lock
    {
      const std::lock_guard lock(shared->mutex);
      for (const auto& [_, weak] : shared->connections) {
        if (auto connection = weak.lock()) alive.push_back(std::move(connection));
      }
    }
    for (const auto& connection : alive) visit(connection);
  }

  void drain(double seconds) {
    if (shared->draining.exchange(true)) return;
    shared->closing = true;
    drained_by = now_ns() + to_ns(seconds);
    take_waiting();
    error_code ignored;
    acceptor.close(ignored);
    for_each_connection([](const auto& connection) { connection->close_if_idle(); });
  }

  // Clients that the kernel has told that they are connected: closing would cut them off.
  void take_waiting() {
    error_code error;
    acceptor.non_blocking(true, error);
    while (!error && open_connections() < max_connections) {
      tcp::socket client(net::make_strand(io));
      acceptor.accept(client, error);
      if (!error) take(std::move(client));
    }
  }

  // Destroyed last: connections that are still open leave the registry when `io` goes.
  std::shared_ptr<ConnectionShared> shared = std::make_shared<ConnectionShared>();
  std::optional<TlsContext> tls;  // absent: plain HTTP
  net::io_context io;
  net::strand<net::io_context::executor_type> strand{io.get_executor()};
  tcp::acceptor acceptor;
  net::steady_timer ticker;
  net::signal_set signals;
  std::list<net::signal_set> watched;
  net::executor_work_guard<net::io_context::executor_type> guard;
  std::function<void()> on_tick;
  uint16_t port = 0;
  size_t max_connections = 0;
  bool accepting = false;
  int64_t drained_by = 0, release_at = 0, releases = 0;
  StandIns stand_ins{io};
  std::atomic<int64_t> give_back{0};  // the last of `releases` whose time has come
  std::atomic<int> released{0};       // threads that gave memory back since the last large text
};

HttpListener::HttpListener(const HttpConfig& config, HttpService& service, AccessLog* log)
    : state_(std::make_unique<State>(config)) {
  ConnectionShared& shared = *state_->shared;
  shared.log = log;
  shared.service = &service;
  shared.limits.max_head_bytes = static_cast<size_t>(config.max_head_bytes);
  shared.limits.max_headers = static_cast<size_t>(config.max_headers);
  shared.limits.max_target_bytes = static_cast<size_t>(config.max_target_bytes);
  shared.policy.allowed_hosts = config.allowed_hosts;
  shared.policy.allowed_origins = config.allowed_origins;
  // Beyond loopback the names under which the machine is known are not ours to guess.
  shared.policy.check_host = is_loopback_name(config.host) || !config.allowed_hosts.empty();
  std::signal(SIGPIPE, SIG_IGN);
  state_->bind();
}

HttpListener::~HttpListener() = default;

uint16_t HttpListener::port() const { return state_->port; }

void HttpListener::start(std::function<void()> on_tick) {
  net::post(state_->strand, [state = state_.get(), tick = std::move(on_tick)]() mutable {
    state->on_tick = std::move(tick);
    state->accept();
    state->tick();
  });
}

void HttpListener::run() { state_->stand_ins.run_member(); }

void HttpListener::stand_in() {
  state_->stand_ins.run_stand_in([state = state_.get()] { state->give_back_once(); });
}

std::shared_ptr<void> HttpListener::long_work() {
  return std::make_shared<LongWork>(state_->stand_ins);
}

void HttpListener::post(std::function<void()> work) { net::post(state_->io, std::move(work)); }

void HttpListener::post_after(std::chrono::nanoseconds delay, std::function<void()> work) {
  auto timer = std::make_shared<net::steady_timer>(state_->io, delay);
  timer->async_wait([timer, act = std::move(work)](error_code error) {
    if (!error) act();
  });
}

void HttpListener::stop() { state_->io.stop(); }

void HttpListener::watch_stop_signals(std::function<void()> on_signal) {
  state_->signals.add(SIGTERM);
  state_->signals.add(SIGINT);
  state_->signals.async_wait(
      [state = state_.get(), act = std::move(on_signal)](error_code error, int) {
        if (error) return;
        error_code ignored;
        state->signals.clear(ignored);
        act();
      });
}

void HttpListener::watch_signal(int number, std::function<void()> on_signal) {
  auto& watched = state_->watched.emplace_back(state_->io, number);
  state_->wait_for(watched, std::move(on_signal));
}

void HttpListener::reload_certificates() {
  if (state_->tls) state_->tls->reload();
}

const HttpCounters& HttpListener::counters() const { return state_->shared->counters; }
std::shared_ptr<HttpCounters> HttpListener::shared_counters() const {
  return {state_->shared, &state_->shared->counters};
}

void HttpListener::release_memory_soon() { state_->shared->freed_much = true; }

void HttpListener::close_after_answers() { state_->shared->closing = true; }

void HttpListener::drain(double seconds) {
  net::post(state_->strand, [state = state_.get(), seconds] { state->drain(seconds); });
}

}  // namespace maas
