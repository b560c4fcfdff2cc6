// A second port that is answered whatever the first one is at.
#pragma once

#include <thread>
#include <vector>

#include "http/listener.h"
#include "http/routed_service.h"
#include "serve/serve_config.h"

namespace maas {

// Plain HTTP on serve.health_port of the server's address, with a thread of its own.
class HealthPort {
 public:
  // Binds; see HttpListener for the errors.
  HealthPort(const ServeConfig& config, std::vector<Route> routes, RoutedService::Gate gate)
      : service_(std::move(routes), std::move(gate)), listener_(settings(config), service_) {}
  ~HealthPort() { stop(); }
  HealthPort(const HealthPort&) = delete;
  HealthPort& operator=(const HealthPort&) = delete;

  uint16_t port() const { return listener_.port(); }
  void start() {
    listener_.start([] {});
    thread_ = std::jthread([this] { listener_.run(); });
  }
  void stop() { listener_.stop(); }

 private:
  static HttpConfig settings(const ServeConfig& config) {
    HttpConfig own = config;
    own.port = config.health_port;
    own.port_option = "serve.health_port=";
    own.tls = {};
    own.max_connections = 64;
    own.max_body_bytes = 0;
    return own;
  }

  RoutedService service_;
  HttpListener listener_;
  std::jthread thread_;
};

}  // namespace maas
