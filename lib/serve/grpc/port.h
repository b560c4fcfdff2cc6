// The Open Inference Protocol v2 over gRPC, on a port of its own: inference.GRPCInferenceService.
// https://github.com/kserve/open-inference-protocol (open_inference_grpc.proto)
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>

#include "http/routed_service.h"
#include "serve/grpc/exchange.h"
#include "serve/grpc/load_module.h"
#include "serve/grpc/module.h"
#include "serve/serve_config.h"
#include "serve/server_state.h"

namespace maas {

// What the port shares with the rest of its server. All outlive it.
struct GrpcLinks {
  const ServerState& state;
  RoutedService::Gate gate;
  AccessLog* log = nullptr;
  std::shared_ptr<HttpCounters> http;
  std::function<void()> on_much_freed;
};

// A method is answered by the route that answers the same over HTTP; only tensors are read and
// written in their own way. Calls are admitted on gRPC's threads and answered on the server's.
//
// Outlives everything that a call can wait in: destroyed, it waits until each was answered or let
// go of.
class GrpcPort final : public GrpcService {
 public:
  // Loads the module; see load_grpc_module() for the errors, and HttpListener for those of address
  // and port, which is free at this time.
  GrpcPort(const ServeConfig& config, GrpcLinks links);
  ~GrpcPort() override;

  using Post = std::function<void(std::function<void()>)>;
  // Answers from now on, work goes to `post`. Throws Error{kResources} for a port that was taken.
  void start(Post post);
  uint16_t port() const { return port_; }
  const GrpcShared& shared() const { return shared_; }

  void say_not_serving();
  void begin_drain(double longest_seconds);
  bool is_drained() const;
  // Whoever calls from now on is refused: nobody is left to do what is posted.
  void close();
  // For connections from now on. The files have been found good by the listener.
  void read_certificates();

  void call(std::shared_ptr<GrpcCall> call) override;

 private:
  void serve(const std::shared_ptr<GrpcExchange>& exchange);
  GrpcSettings settings();

  const ServeConfig config_;
  const ServerState& state_;
  const GrpcModule module_;
  RoutedService service_;
  GrpcShared shared_;
  uint16_t port_ = 0;
  std::shared_mutex post_mutex_;
  Post post_;  // null: closed
  mutable std::mutex certificates_mutex_;
  GrpcCertificates certificates_;
  std::unique_ptr<GrpcListener> listener_;
};

}  // namespace maas
