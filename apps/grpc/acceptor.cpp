#include "acceptor.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace maas {
namespace {

constexpr int kBacklog = 1024;
constexpr int kLookAgainMs = 1000;
constexpr int kOutOfDescriptorsMs = 50;
constexpr int64_t kLeastBetweenLooksMs = 20;
constexpr uint32_t kQuietMs = 5000;
// The HTTP port leaves a fifth of the descriptors.
constexpr double kShareOfDescriptors = 0.15;

int64_t now_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

size_t most_connections(int64_t wanted) {
  rlimit limit{};
  auto most = static_cast<size_t>(std::max<int64_t>(1, wanted));
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return most;
  const auto share = static_cast<size_t>(kShareOfDescriptors * static_cast<double>(limit.rlim_cur));
  return std::clamp<size_t>(share, 1, most);
}

}  // namespace

Acceptor::Acceptor(const GrpcSettings& settings)
    : most_(most_connections(settings.max_connections)), on_count_(settings.on_connections) {
  open(settings.host, settings.port);
  wake_ = ::eventfd(0, EFD_CLOEXEC);
  if (why_not_.empty() && wake_ < 0) why_not_ = std::strerror(errno);
}

Acceptor::~Acceptor() {
  stop();
  if (wake_ >= 0) ::close(wake_);
}

void Acceptor::open(const std::string& host, uint16_t port) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found);
      error != 0) {
    why_not_ = ::gai_strerror(error);
    return;
  }
  const int on = 1;
  listening_ = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const bool listens = listening_ >= 0 &&
                       ::setsockopt(listening_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                       ::bind(listening_, found->ai_addr, found->ai_addrlen) == 0 &&
                       ::listen(listening_, kBacklog) == 0;
  if (!listens) why_not_ = std::strerror(errno);
  ::freeaddrinfo(found);
}

void Acceptor::start(std::unique_ptr<Target> target) {
  target_ = std::move(target);
  thread_ = std::thread([this] { run(); });
}

void Acceptor::stop() {
  if (thread_.joinable()) {
    ::eventfd_write(wake_, 1);
    thread_.join();
  }
  if (listening_ >= 0) ::close(std::exchange(listening_, -1));
}

void Acceptor::run() {
  pollfd waited[] = {{wake_, POLLIN, 0}, {listening_, POLLIN, 0}};
  while (true) {
    const int ready = ::poll(waited, 2, kLookAgainMs);
    if (ready > 0) accept_all();
    if (waited[0].revents != 0) return;
    if (ready == 0) forget_closed();
    on_count_(static_cast<int64_t>(open_.size()));
  }
}

void Acceptor::accept_all() {
  while (true) {
    const int socket = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket < 0) {
      const bool next_may_do = errno == EINTR || errno == ECONNABORTED;
      if (next_may_do) continue;
      // Whoever waits goes on waiting: nobody listens anew, nor spins.
      if (errno != EAGAIN && errno != EWOULDBLOCK) {
        pollfd stopped{wake_, POLLIN, 0};
        ::poll(&stopped, 1, kOutOfDescriptorsMs);
      }
      return;
    }
    struct stat its {};
    if (!has_room() || ::fstat(socket, &its) != 0) {
      ::close(socket);
      continue;
    }
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    open_.emplace_back(socket, its.st_ino);
    Target::NewConnectionParameters connection;
    connection.listener_fd = listening_;
    connection.fd = socket;
    target_->HandleNewConnection(&connection);
  }
}

void Acceptor::wait_until_quiet(std::chrono::steady_clock::time_point until,
                                const std::stop_token& stopped) {
  while (!stopped.stop_requested() && std::chrono::steady_clock::now() < until) {
    forget_closed();
    on_count_(static_cast<int64_t>(open_.size()));
    if (is_quiet()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(kLeastBetweenLooksMs));
  }
}

bool Acceptor::is_quiet() const {
  return std::ranges::all_of(open_, [](const auto& known) {
    tcp_info its{};
    socklen_t size = sizeof its;
    return ::getsockopt(known.first, IPPROTO_TCP, TCP_INFO, &its, &size) != 0 ||
           its.tcpi_last_data_recv >= kQuietMs;
  });
}

bool Acceptor::has_room() {
  if (open_.size() >= most_ && now_ms() - looked_at_ms_ >= kLeastBetweenLooksMs) forget_closed();
  return open_.size() < most_;
}

void Acceptor::forget_closed() {
  looked_at_ms_ = now_ms();
  std::erase_if(open_, [](const auto& known) {
    struct stat its {};
    return ::fstat(known.first, &its) != 0 || its.st_ino != known.second;
  });
}

}  // namespace maas
