// The service: what each route answers, and on which threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "serve/model_loader.h"
#include "serve/serve_config.h"
#include "serve/session.h"

namespace maas {

// Whether a server could be made of these settings, as far as it shows without models and ports:
// throws Error{kUsage}, or of the file of API keys what read_api_keys() does.
void check_serve_config(const ServeConfig& config);

// Listener -> routes of a protocol -> repository -> batcher -> session. Of each model `workers`
// batches are computed at once, on as many threads as that takes for up to eight models: the system
// shares the cores among them, so that a slow model does not starve a fast one. One thread more
// reads and writes, so health is answered while all workers compute.
class Server {
 public:
  // Binds at once (see HttpListener for the errors); answers from run() on. At least one session.
  // `version` of maas goes into the server's metadata. With a `loader`, which outlives the server,
  // the models follow their files (serve.poll, SIGHUP, serve.model_control).
  Server(const ServeConfig& config, std::vector<std::unique_ptr<Session>> sessions,
         std::string version, ModelLoader* loader = nullptr);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  uint16_t port() const;
  uint16_t health_port() const;             // 0 = there is none
  uint16_t grpc_port() const;               // 0 = there is none
  std::vector<SessionInfo> models() const;  // those that are served now
  int64_t workers() const;

  // Starts the threads, warms up each, calls `on_ready` once, and answers until SIGTERM, SIGINT or
  // stop(). Then `ready` turns 503 and answers ask clients to connect anew; after drain_delay
  // nothing new is accepted while requests in flight are answered, at most drain_timeout long.
  void run(const std::function<void()>& on_ready);
  // From any thread. A second call cuts it short: no delay, nothing is waited for but what the
  // workers are at.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace maas
