// maas-grpc.so -- the Open Inference Protocol over gRPC, loaded by `maas serve --grpc-port`.
#include "serve/grpc/module.h"

#include <grpc/support/log.h>
#include <grpcpp/ext/health_check_service_server_builder_option.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <climits>
#include <memory>
#include <stop_token>
#include <thread>
#include <utility>

#include "acceptor.h"
#include "call.h"
#include "credentials.h"
#include "grpc_predict_v2.grpc.pb.h"

namespace maas {
namespace {

constexpr int kStreamsPerConnection = 1024;
constexpr int kSilentPeerMs = 60'000;  // then it is asked whether it is there
constexpr int kAnswerToPingMs = 20'000;
constexpr std::chrono::steady_clock::duration kNoTime{0};

int as_int(size_t bytes) { return static_cast<int>(std::min<size_t>(bytes, INT_MAX)); }

using Base = inference::GRPCInferenceService;

// Messages come packed: what unpacking them takes is asked of the server first.
template <class Service>
using RawHealth = Base::WithRawCallbackMethod_ServerLive<
    Base::WithRawCallbackMethod_ServerReady<Base::WithRawCallbackMethod_ModelReady<Service>>>;
template <class Service>
using RawInference = Base::WithRawCallbackMethod_ServerMetadata<
    Base::WithRawCallbackMethod_ModelMetadata<Base::WithRawCallbackMethod_ModelInfer<Service>>>;
template <class Service>
using RawModels =
    Base::WithRawCallbackMethod_ModelConfig<Base::WithRawCallbackMethod_ModelStatistics<
        Base::WithRawCallbackMethod_RepositoryIndex<Base::WithRawCallbackMethod_RepositoryModelLoad<
            Base::WithRawCallbackMethod_RepositoryModelUnload<Service>>>>>;

class Service final : public RawHealth<RawInference<RawModels<Base::Service>>> {
 public:
  explicit Service(GrpcService& server) : server_(server) {}

#define MAAS_GRPC_METHOD(name)                                                              \
  grpc::ServerUnaryReactor* name(grpc::CallbackServerContext* context,                      \
                                 const grpc::ByteBuffer* message, grpc::ByteBuffer* answer) \
      override {                                                                            \
    return start<inference::name##Request, inference::name##Response>(                      \
        GrpcMethod::k##name, *context, *message, *answer);                                  \
  }
  MAAS_GRPC_METHOD(ServerLive)
  MAAS_GRPC_METHOD(ServerReady)
  MAAS_GRPC_METHOD(ModelReady)
  MAAS_GRPC_METHOD(ServerMetadata)
  MAAS_GRPC_METHOD(ModelMetadata)
  MAAS_GRPC_METHOD(ModelInfer)
  MAAS_GRPC_METHOD(ModelConfig)
  MAAS_GRPC_METHOD(ModelStatistics)
  MAAS_GRPC_METHOD(RepositoryIndex)
  MAAS_GRPC_METHOD(RepositoryModelLoad)
  MAAS_GRPC_METHOD(RepositoryModelUnload)
#undef MAAS_GRPC_METHOD

 private:
  template <class Request, class Response>
  grpc::ServerUnaryReactor* start(GrpcMethod method, grpc::CallbackServerContext& context,
                                  const grpc::ByteBuffer& message, grpc::ByteBuffer& answer) {
    // Moved out of gRPC's hands, which has no more use for it: its memory goes when it is unpacked.
    grpc::ByteBuffer own;
    own.Swap(const_cast<grpc::ByteBuffer*>(&message));
    auto call = std::make_shared<Call<Request, Response>>(method, context, std::move(own), answer);
    auto* const reactor = call->reactor();
    server_.call(std::move(call));
    return reactor;
  }

  GrpcService& server_;
};

class Listener final : public GrpcListener {
 public:
  explicit Listener(GrpcService& server) : service_(server) {}
  ~Listener() override {
    if (acceptor_) acceptor_->stop();
    if (drainer_.joinable()) {
      drainer_.request_stop();
      drainer_.join();
    }
    if (server_) server_->Shutdown(std::chrono::system_clock::now());
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // "", or why not.
  std::string listen(const GrpcSettings& settings) {
    acceptor_ = std::make_unique<Acceptor>(settings);
    if (!acceptor_->why_not().empty()) return acceptor_->why_not();
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    credentials_ = settings.certificates ? tls_credentials(settings.certificates)
                                         : grpc::InsecureServerCredentials();
    using From = grpc::ServerBuilder::experimental_type::ExternalConnectionType;
    auto target = builder.experimental().AddExternalConnectionAcceptor(From::FROM_FD, credentials_);
    builder.RegisterService(&service_);
    limit(builder, settings);
    server_ = builder.BuildAndStart();
    if (!server_) return "gRPC does not start";
    if (auto* const health = server_->GetHealthCheckService()) health->SetServingStatus(true);
    acceptor_->start(std::move(target));
    return "";
  }

  void say_not_serving() override {
    if (auto* const health = server_->GetHealthCheckService()) health->SetServingStatus(false);
  }

  void begin_drain(std::chrono::milliseconds longest) override {
    if (drainer_.joinable()) return;
    acceptor_->stop();
    // gRPC 1.51 cancels each call whose message comes after Shutdown(), also those that a client
    // sent before it could know. A connection that is old enough has been told by gRPC itself,
    // while the server still answers what is on its way: so those go first, one by one.
    drainer_ = std::jthread([this, longest](const std::stop_token& stopped) {
      const auto until = std::chrono::steady_clock::now() + longest;
      acceptor_->wait_until_quiet(until, stopped);
      const auto left = std::max(until - std::chrono::steady_clock::now(), kNoTime);
      server_->Shutdown(std::chrono::system_clock::now() +
                        (stopped.stop_requested() ? kNoTime : left));
      drained_ = true;
    });
  }

  bool is_drained() const override { return drained_; }

 private:
  static void limit(grpc::ServerBuilder& builder, const GrpcSettings& settings) {
    builder.SetMaxReceiveMessageSize(as_int(settings.max_message_bytes));
    builder.SetMaxSendMessageSize(-1);
    builder.SetResourceQuota(
        grpc::ResourceQuota("maas").Resize(settings.max_held_bytes + settings.max_message_bytes));
    // gRPC unpacks a message whole before it looks at its size.
    for (const auto algorithm : {GRPC_COMPRESS_DEFLATE, GRPC_COMPRESS_GZIP}) {
      builder.SetCompressionAlgorithmSupportStatus(algorithm, false);
    }
    const auto set = [&](const char* name, int value) { builder.AddChannelArgument(name, value); };
    set(GRPC_ARG_MAX_METADATA_SIZE, as_int(settings.max_metadata_bytes));
    set(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsPerConnection);
    set(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, as_int(settings.handshake_timeout.count()));
    set(GRPC_ARG_MAX_CONNECTION_IDLE_MS, as_int(settings.idle_timeout.count()));
    set(GRPC_ARG_MAX_CONNECTION_AGE_MS, as_int(settings.connection_age.count()));
    set(GRPC_ARG_KEEPALIVE_TIME_MS, kSilentPeerMs);
    set(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kAnswerToPingMs);
  }

  Service service_;
  std::shared_ptr<grpc::ServerCredentials> credentials_;  // asked as long as the server accepts
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Acceptor> acceptor_;
  std::atomic<bool> drained_{false};
  std::jthread drainer_;
};

}  // namespace
}  // namespace maas

extern "C" {

[[gnu::visibility("default")]] const char* maas_grpc_interface() { return maas::kGrpcInterface; }

[[gnu::visibility("default")]] const char* maas_grpc_library() {
  static const std::string version = grpc::Version();
  return version.c_str();
}

[[gnu::visibility("default")]] maas::GrpcListener* maas_grpc_listen(
    const maas::GrpcSettings& settings, maas::GrpcService& service, std::string& why) {
  // What it would write to stderr is about what clients send, as often as they like.
  gpr_set_log_function([](gpr_log_func_args*) {});
  try {
    auto listener = std::make_unique<maas::Listener>(service);
    why = listener->listen(settings);
    if (why.empty()) return listener.release();
  } catch (const std::exception& error) {
    why = error.what();
  }
  return nullptr;
}

}  // extern "C"
