#include "serve/grpc/port.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "http/listener.h"
#include "serve/exchange_inference.h"
#include "serve/grpc/infer.h"
#include "serve/grpc/message_cost.h"
#include "serve/oip/repository_routes.h"
#include "serve/oip/routes.h"

namespace maas {
namespace {

constexpr int64_t kLargestPem = 1 << 20;
constexpr size_t kLargestQuestion = 64 << 10;  // a message without tensors

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

class GrpcInference final : public ExchangeInference {
 public:
  GrpcInference(std::shared_ptr<HttpExchange> exchange, std::shared_ptr<const Session> session,
                const ServerState& state)
      : ExchangeInference(std::move(exchange), std::move(session), state) {
    if (state.priority_levels > 0) ask_priority(grpc_priority(own().call().infer()));
    const auto deadline = own().call().deadline();
    if (deadline == std::chrono::system_clock::time_point::max()) return;
    const auto left = deadline - std::chrono::system_clock::now();
    wait_at_most(
        std::max(ServeClock::duration(0), std::chrono::duration_cast<ServeClock::duration>(left)));
  }

  // All calls of a connection come at once if they like; one that is alone has no company to wait
  // for.
  const void* client() const override {
    return own().is_alone() ? static_cast<const void*>(&state()) : &exchange();
  }

  std::vector<at::Tensor> read_inputs() override {
    text_ = grpc_request_text(own().call().infer());
    size_t made = 0;
    for (const std::string& bytes : text_.made) made += bytes.size();
    if (!exchange().reserve(made)) throw RefusedRequest(no_memory_refusal());
    request_ = parse_grpc_request(
        text_, info(),
        {.max_batch = state().max_batch, .priority_levels = state().priority_levels});
    session().check(request_.inputs);
    note_request(request_.id, request_.priority, request_.timeout,
                 "one of the type int64 or uint64");
    return std::move(request_.inputs);
  }

  void answer(const std::vector<at::Tensor>& outputs) override {
    own().answer(grpc_infer_answer(info(), request_, outputs));
  }

 private:
  GrpcExchange& own() const { return static_cast<GrpcExchange&>(exchange()); }

  GrpcRequestText text_;
  InferRequest request_;
};

// Those of HTTP, but for the bodies of an inference.
std::vector<Route> grpc_routes(const ServerState& state) {
  std::vector<Route> routes = oip_routes(state);
  auto more = repository_routes(state);
  routes.insert(routes.end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
  for (Route& route : routes) {
    if (!route.pattern.ends_with("/infer")) continue;
    route.handle = [&state](std::shared_ptr<HttpExchange> exchange) {
      submit_inference<GrpcInference>(std::move(exchange), state);
    };
  }
  return routes;
}

// Binds as an HTTP listener does, with its errors, and lets go of the port again: gRPC does not say
// why it cannot have one.
uint16_t check_address(const ServeConfig& config) {
  class Nothing final : public HttpService {
    HttpRefusal admit(HttpExchange&) override { return {}; }
    void serve(std::shared_ptr<HttpExchange>) override {}
  } nothing;
  HttpConfig own = config;
  own.port = config.grpc_port;
  try {
    return HttpListener(own, nothing).port();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kResources) throw;
    Problem problem = error.first();
    problem.fix = "choose another with --grpc-port; 0 takes any free one";
    throw Error(error.kind(), problem);
  }
}

}  // namespace

GrpcPort::GrpcPort(const ServeConfig& config, GrpcLinks links)
    : config_(config),
      state_(links.state),
      module_(load_grpc_module()),
      service_(grpc_routes(links.state), std::move(links.gate)),
      port_(check_address(config)) {
  shared_.log = links.log;
  shared_.http = std::move(links.http);
  shared_.on_much_freed = std::move(links.on_much_freed);
  shared_.max_buffered_bytes = config.max_buffered_bytes;
  if (config.tls.given()) read_certificates();
}

GrpcPort::~GrpcPort() { close(); }

GrpcSettings GrpcPort::settings() {
  GrpcSettings settings;
  settings.host = config_.host == "localhost" ? "127.0.0.1" : config_.host;
  settings.port = port_;
  settings.max_connections = config_.max_connections;
  settings.on_connections = [this](int64_t open) { shared_.connections = open; };
  settings.max_message_bytes = static_cast<size_t>(config_.max_body_bytes);
  settings.max_held_bytes = static_cast<size_t>(config_.max_buffered_bytes);
  settings.max_metadata_bytes = static_cast<size_t>(config_.max_head_bytes);
  settings.handshake_timeout = milliseconds(config_.header_timeout.value);
  settings.idle_timeout = milliseconds(config_.idle_timeout.value);
  settings.connection_age = milliseconds(config_.grpc_connection_age.value);
  if (config_.tls.given()) {
    settings.certificates = [this] {
      const std::lock_guard lock(certificates_mutex_);
      return certificates_;
    };
  }
  return settings;
}

void GrpcPort::start(Post post) {
  {
    const std::unique_lock lock(post_mutex_);
    post_ = std::move(post);
  }
  std::string why;
  listener_.reset(module_.listen(settings(), *this, why));
  if (listener_) return;
  throw Error(ErrorKind::kResources,
              Problem{.where = fmt::format("{}:{}", config_.host, port_),
                      .what = "cannot listen for gRPC: " + why,
                      .expected = "a free port",
                      .fix = "choose another with --grpc-port; 0 takes any free one"});
}

void GrpcPort::say_not_serving() {
  if (listener_) listener_->say_not_serving();
}

void GrpcPort::begin_drain(double longest_seconds) {
  if (listener_) listener_->begin_drain(milliseconds(longest_seconds));
}

bool GrpcPort::is_drained() const { return !listener_ || listener_->is_drained(); }

void GrpcPort::close() {
  const std::unique_lock lock(post_mutex_);
  post_ = nullptr;
}

void GrpcPort::read_certificates() {
  if (!config_.tls.given()) return;
  const auto text = [](const InputPath& file) {
    return file.path.empty() ? std::string() : read_file(file.path, kLargestPem);
  };
  GrpcCertificates fresh{text(config_.tls.certificate), text(config_.tls.key),
                         text(config_.tls.client_ca), 0};
  const std::lock_guard lock(certificates_mutex_);
  fresh.generation = certificates_.generation + 1;
  certificates_ = std::move(fresh);
}

void GrpcPort::call(std::shared_ptr<GrpcCall> call) {
  const auto exchange = std::make_shared<GrpcExchange>(std::move(call), shared_);
  try {
    serve(exchange);
  } catch (...) {
    const InferenceFailure told = failure_of(std::current_exception());
    exchange->send_error(told.status, told.message);
  }
}

void GrpcPort::serve(const std::shared_ptr<GrpcExchange>& exchange) {
  GrpcCall& call = exchange->call();
  const bool is_inference = call.method() == GrpcMethod::kModelInfer;
  if (!is_inference && call.request_bytes() > kLargestQuestion) {
    return exchange->send_error(413, fmt::format("the message has {} bytes; expected at most {}",
                                                 call.request_bytes(), kLargestQuestion));
  }
  if (!exchange->hold(is_inference ? infer_message_cost(call.message()) : 0)) {
    const HttpRefusal full = no_memory_refusal();
    return exchange->send_error(full.status, full.message, full.headers);
  }
  if (!call.unpack()) {
    // Without any bytes every message is one: this call was cancelled before its message came.
    if (call.request_bytes() == 0) return exchange->send_error(499, "no message came");
    return exchange->send_error(400, "the message is none of this method");
  }
  if (!call.unknown_demand().empty()) {
    return exchange->send_error(
        400, fmt::format("the message asks by {} for what this server does not do: a model is its "
                         "file, and requests have no sequences, shared memory or unknown fields",
                         call.unknown_demand()));
  }
  for (const char* name : {"x-api-key", "authorization"}) {
    if (call.metadata_count(name) > 1) {
      return exchange->send_error(400, fmt::format("{} is there more than once", name));
    }
  }
  const auto not_ready = [&] { exchange->send(503, R"({"ready":false})"); };
  auto target = grpc_target(call);
  if (!target && call.method() == GrpcMethod::kModelReady) return not_ready();
  if (!target) {
    return exchange->send_error(
        404, fmt::format("no model of this name and version: '{}', '{}'",
                         log_escaped(call.model(), 128), log_escaped(call.version(), 128)));
  }
  exchange->head.method = target->method;
  exchange->head.target = std::move(target->path);
  exchange->head.path_size = exchange->head.target.size();
  if (HttpRefusal refusal = service_.admit(*exchange); refusal.status != 0) {
    // Clients ask for models that are yet to come; HTTP's 404 is a "no" to them, too.
    if (refusal.status == 404 && call.method() == GrpcMethod::kModelReady) return not_ready();
    return exchange->send_error(refusal.status, refusal.message, refusal.headers);
  }
  const std::shared_lock lock(post_mutex_);
  if (!post_) return exchange->send_error(503, "the server stops");
  post_([this, exchange] {
    try {
      service_.serve(exchange);
    } catch (...) {
      const InferenceFailure told = failure_of(std::current_exception());
      exchange->send_error(told.status, told.message);
    }
  });
}

}  // namespace maas
