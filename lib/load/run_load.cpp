#include "load/run_load.h"

#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <random>
#include <utility>
#include <vector>

#include "load/client_connection.h"
#include "load/resolve.h"

namespace maas {
namespace {

constexpr auto kSweep = std::chrono::milliseconds(10);
constexpr int64_t kLateNs = 1'000'000;
constexpr double kLateShare = 0.1;  // of the p99 latency
constexpr double kBusyShare = 0.95;
constexpr int kArrivalsATurn = 512;         // then answers are looked at
constexpr size_t kMostWaiting = 1'000'000;  // for a connection

int64_t now_ns() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}
int64_t to_ns(double seconds) { return static_cast<int64_t>(seconds * 1e9); }

double thread_cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_THREAD, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// Distances between the times at which requests are to be sent.
class Gaps {
 public:
  explicit Gaps(const LoadPlan& plan)
      : mean_ns_(1e9 / std::max(plan.rate, 1e-9)),
        is_random_(plan.arrivals == Arrivals::kPoisson),
        generator_(plan.seed) {}

  double mean_ns() const { return mean_ns_; }
  double next() { return is_random_ ? mean_ns_ * exponential_(generator_) : mean_ns_; }

 private:
  const double mean_ns_;
  const bool is_random_;
  std::mt19937_64 generator_;
  std::exponential_distribution<double> exponential_{1.0};
};

class Load {
 public:
  Load(const tcp::endpoint& server, const std::string& request, const LoadPlan& plan)
      : server_(server), request_(request), plan_(plan), gaps_(plan), arrival_(io_), sweep_(io_) {}

  LoadResult run() {
    const double cpu = thread_cpu_seconds();
    const int64_t start = now_ns();
    begin_ = start + to_ns(plan_.warmup_seconds);
    end_ = begin_ + to_ns(plan_.seconds);
    result_.seconds = plan_.seconds;
    result_.open_loop = plan_.arrivals != Arrivals::kClosed;
    if (result_.open_loop) {
      next_ns_ = static_cast<double>(start) + gaps_.next();
      wait_for_arrival();
    } else {
      for (int i = 0; i < plan_.connections; ++i) send(add_connection(), now_ns());
    }
    sweep();
    io_.run();
    const double elapsed = static_cast<double>(now_ns() - start) / 1e9;
    result_.client_busy = std::min(1.0, (thread_cpu_seconds() - cpu) / elapsed);
    return std::move(result_);
  }

 private:
  ClientConnection& add_connection() {
    connections_.push_back(std::make_shared<ClientConnection>(
        io_, server_, static_cast<uint64_t>(plan_.max_answer_bytes),
        [this](ClientConnection& connection, const AnswerSeen& seen) { take(connection, seen); }));
    return *connections_.back();
  }

  bool is_measured(int64_t intended) const { return intended >= begin_ && intended < end_; }

  void wait_for_arrival() {
    using Clock = std::chrono::steady_clock;
    if (next_ns_ >= static_cast<double>(end_)) return;
    arrival_.expires_at(Clock::time_point(std::chrono::duration_cast<Clock::duration>(
        std::chrono::nanoseconds(static_cast<int64_t>(next_ns_)))));
    arrival_.async_wait([this](error_code error) {
      if (!error) take_turn();
    });
  }

  bool is_due() const { return next_ns_ <= static_cast<double>(std::min(now_ns(), end_ - 1)); }

  void take_turn() {
    for (int i = 0; i < kArrivalsATurn && is_due(); ++i) {
      arrive(static_cast<int64_t>(next_ns_));
      next_ns_ += gaps_.next();
    }
    if (!is_due()) return wait_for_arrival();
    if (now_ns() > end_) return give_up_the_rest();
    net::post(io_, [this] { take_turn(); });
  }

  // The rate is beyond this client: what is due by now can be any number.
  void give_up_the_rest() {
    const double first = std::max(next_ns_, static_cast<double>(begin_));
    const double count = std::max(0.0, static_cast<double>(end_) - first) / gaps_.mean_ns();
    fail_unsent(static_cast<int64_t>(first), static_cast<uint64_t>(count));
  }

  void fail_unsent(int64_t intended, uint64_t count) {
    result_.sent += count;
    result_.failures["not sent"] += count;
    result_.lateness.add(std::chrono::nanoseconds(now_ns() - intended));
  }

  void arrive(int64_t intended) {
    if (waiting_.size() >= kMostWaiting) {
      if (is_measured(intended)) fail_unsent(intended, 1);
      return;
    }
    if (is_measured(intended)) {
      ++result_.sent;
      result_.lateness.add(std::chrono::nanoseconds(now_ns() - intended));
    }
    if (!idle_.empty()) {
      ClientConnection& connection = *idle_.back();
      idle_.pop_back();
      send(connection, intended);
    } else if (connections_.size() < static_cast<size_t>(plan_.connections)) {
      send(add_connection(), intended);
    } else {
      waiting_.push_back(intended);
    }
  }

  void send(ClientConnection& connection, int64_t intended) {
    if (!result_.open_loop && is_measured(intended)) ++result_.sent;
    connection.intended_ns = intended;
    connection.ask(request_);
  }

  void take(ClientConnection& connection, const AnswerSeen& seen) {
    const int64_t now = now_ns();
    if (is_measured(connection.intended_ns)) count(seen, connection.intended_ns, now);
    if (!result_.open_loop) {
      if (now >= end_) return;
      // A server that refuses at once is not asked again at once.
      seen.status == 0 ? resting_.push_back(&connection) : send(connection, now);
      return;
    }
    if (waiting_.empty() || seen.status == 0) {
      idle_.push_back(&connection);
      return;
    }
    const int64_t intended = waiting_.front();
    waiting_.pop_front();
    send(connection, intended);
  }

  void count(const AnswerSeen& seen, int64_t intended, int64_t now) {
    if (seen.status == 0) {
      ++result_.failures[seen.failure];
    } else if (seen.status < 200 || seen.status > 299) {
      ++result_.bad[seen.status];
      result_.refusals.add(std::chrono::nanoseconds(now - intended));
    } else {
      ++result_.good;
      result_.good_in_time += now < end_ ? 1 : 0;
      result_.bytes_in += seen.bytes;
      result_.latency.add(std::chrono::nanoseconds(now - intended));
    }
  }

  void sweep() {
    sweep_.expires_after(kSweep);
    sweep_.async_wait([this](error_code error) {
      if (error) return;
      if (plan_.stop != nullptr && *plan_.stop != 0) return io_.stop();
      const int64_t oldest = now_ns() - to_ns(plan_.timeout_seconds);
      for (const auto& connection : connections_) {
        if (connection->is_asking() && connection->intended_ns < oldest) {
          connection->give_up("timed out");
        }
      }
      while (!waiting_.empty() && waiting_.front() < oldest) {
        if (is_measured(waiting_.front())) ++result_.failures["timed out"];
        waiting_.pop_front();
      }
      use_connections_again();
      if (!is_through()) sweep();
    });
  }

  void use_connections_again() {
    if (now_ns() < end_) {
      for (ClientConnection* connection : std::exchange(resting_, {})) {
        send(*connection, now_ns());
      }
    }
    while (!waiting_.empty() && !idle_.empty()) {
      ClientConnection& connection = *idle_.back();
      idle_.pop_back();
      const int64_t intended = waiting_.front();
      waiting_.pop_front();
      send(connection, intended);
    }
  }

  bool is_through() const {
    return now_ns() >= end_ && waiting_.empty() &&
           std::none_of(connections_.begin(), connections_.end(),
                        [](const auto& connection) { return connection->is_asking(); });
  }

  net::io_context io_{1};
  const tcp::endpoint server_;
  const std::string& request_;
  const LoadPlan plan_;
  Gaps gaps_;
  net::steady_timer arrival_, sweep_;
  std::vector<std::shared_ptr<ClientConnection>> connections_;
  std::vector<ClientConnection*> idle_, resting_;
  std::deque<int64_t> waiting_;  // times of requests for which no connection was free
  int64_t begin_ = 0, end_ = 0;
  double next_ns_ = 0;
  LoadResult result_;
};

}  // namespace

uint64_t LoadResult::errors() const {
  uint64_t all = 0;
  for (const auto& [status, count] : bad) all += count;
  for (const auto& [why, count] : failures) all += count;
  return all;
}

std::string LoadResult::why_void() const {
  if (!open_loop) {
    return client_busy > kBusyShare ? "this client computed all the time: the rate may be its own"
                                    : "";
  }
  const double allowed = std::max(static_cast<double>(kLateNs),
                                  kLateShare * static_cast<double>(latency.quantile(0.99).count()));
  if (static_cast<double>(lateness.quantile(0.99).count()) <= allowed) return "";
  return "this client was late to send";
}

void LoadResult::add(const LoadResult& other) {
  client_busy = (client_busy * seconds + other.client_busy * other.seconds) /
                std::max(1e-9, seconds + other.seconds);
  seconds += other.seconds;
  sent += other.sent;
  good += other.good;
  good_in_time += other.good_in_time;
  bytes_in += other.bytes_in;
  for (const auto& [status, count] : other.bad) bad[status] += count;
  for (const auto& [why, count] : other.failures) failures[why] += count;
  latency.add(other.latency);
  refusals.add(other.refusals);
  lateness.add(other.lateness);
  open_loop = other.open_loop;
}

LoadResult run_load(const Endpoint& endpoint, const std::string& request, const LoadPlan& plan) {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  return Load(resolve(endpoint), request, plan).run();
}

}  // namespace maas
