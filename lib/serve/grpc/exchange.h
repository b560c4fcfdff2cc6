// A gRPC call as the server's other parts see requests: with a method, a path, headers and an
// answer of its own, so that keys, scopes, limits and refusals are those of HTTP.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/access_log.h"
#include "http/exchange.h"
#include "http/http_counters.h"
#include "serve/grpc/module.h"

namespace maas {

// What all calls of a port have in common. Outlives them.
struct GrpcShared {
  AccessLog* log = nullptr;  // null: none
  std::shared_ptr<HttpCounters> http;
  int64_t max_buffered_bytes = 0;
  std::function<void()> on_much_freed;  // called when a call goes that held more than a MiB
  std::array<std::atomic<uint64_t>, 17> answers{};  // by GrpcCode
  std::atomic<int64_t> under_way{0};
  std::atomic<int64_t> connections{0};
};

// gRPC's code for what HTTP's status says.
GrpcCode grpc_code_of(int status);
// "OK", "INVALID_ARGUMENT"
const char* to_text(GrpcCode code);

// The path that asks for the same over HTTP, and its method.
struct GrpcTarget {
  const char* method = "GET";
  std::string path;
};
// Nothing: the call's model or version is no name that a path can have.
std::optional<GrpcTarget> grpc_target(const GrpcCall& call);

class GrpcExchange final : public HttpExchange {
 public:
  GrpcExchange(std::shared_ptr<GrpcCall> call, GrpcShared& shared);
  ~GrpcExchange() override;

  // Of the metadata those that say who asks: X-Api-Key, Authorization, traceparent.
  std::optional<std::string_view> header(std::string_view name) const override;
  bool client_is_gone() override { return call_->is_cancelled(); }
  bool reserve(size_t bytes) override;
  void begin(int status, const ReplyHeaders& headers) override;
  void write(std::string bytes) override { answer_ += bytes; }
  void end() override;
  // In place of begin(), write(), end().
  void answer(GrpcInferAnswer answer);

  const GrpcCall& call() const { return *call_; }
  // It came while no other was under way.
  bool is_alone() const { return alone_; }
  GrpcCall& call() { return *call_; }
  // Counts what unpacking the call takes beside its bytes. False: all of it does not fit into what
  // requests and answers of all protocols may take together.
  bool hold(size_t bytes);

 private:
  class Held;
  void tell(int status, size_t bytes) const;

  const std::shared_ptr<GrpcCall> call_;
  GrpcShared& shared_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  const bool alone_;
  std::shared_ptr<Held> held_;
  size_t reserved_ = 0;
  int status_ = 200;
  int retry_after_seconds_ = 0;
  std::string answer_;
};

}  // namespace maas
