// The service: what each route answers, and on which threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "serve/serve_config.h"
#include "serve/session.h"

namespace maas {

// Listener -> routes of a protocol -> repository -> batcher -> session. `workers` inferences run at
// once; one thread more than that reads and writes, so health is answered while all workers
// compute.
class Server {
 public:
  // Binds at once (see HttpListener for the errors); answers from run() on. `version` of maas goes
  // into the server's metadata.
  Server(const ServeConfig& config, std::unique_ptr<Session> session, std::string version);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  uint16_t port() const;
  const SessionInfo& model() const;
  int64_t workers() const;

  // Starts the threads, warms up each, calls `on_ready` once, and answers until SIGTERM, SIGINT or
  // stop(). Then `ready` turns 503, and after drain_delay nothing new is accepted while requests in
  // flight are answered, at most drain_timeout long.
  void run(const std::function<void()>& on_ready);
  // From any thread. A second call cuts it short: no delay, nothing is waited for but what the
  // workers are at.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace maas
