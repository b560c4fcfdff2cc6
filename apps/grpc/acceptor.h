// Connections of the port: counted, limited, and handed to gRPC. gRPC 1.51 counts none, and listens
// no more for good once a process was out of descriptors.
#pragma once

#include <grpcpp/server_builder.h>
#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "serve/grpc/module.h"

namespace maas {

// Binds on construction, accepts from start() to stop(), on a thread of its own.
class Acceptor {
 public:
  // "" and a socket, or why there is none.
  explicit Acceptor(const GrpcSettings& settings);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  const std::string& why_not() const { return why_not_; }

  using Target = grpc::experimental::ExternalConnectionAcceptor;
  void start(std::unique_ptr<Target> target);
  // Those who wait are accepted, and nobody after them.
  void stop();

  // After stop(): until every connection was closed, or nothing has come on any of them for five
  // seconds, or `until`, or somebody stops it.
  void wait_until_quiet(std::chrono::steady_clock::time_point until,
                        const std::stop_token& stopped);

 private:
  void open(const std::string& host, uint16_t port);
  void run();
  void accept_all();
  bool has_room();
  bool is_quiet() const;
  void forget_closed();

  const size_t most_;
  const std::function<void(int64_t)> on_count_;
  std::string why_not_;
  int listening_ = -1, wake_ = -1;
  std::unique_ptr<Target> target_;
  // Sockets that gRPC has, with their inodes: it closes them, and the numbers are used again.
  std::vector<std::pair<int, ino_t>> open_;
  int64_t looked_at_ms_ = 0;
  std::thread thread_;
};

}  // namespace maas
