#include "serve/grpc/exchange.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cstdlib>
#include <utility>

#include "http/head.h"
#include "serve/session.h"

namespace maas {
namespace {

constexpr size_t kKnownCodes = std::tuple_size_v<decltype(GrpcShared::answers)>;

const char* method_name(GrpcMethod method) {
  switch (method) {
    case GrpcMethod::kServerLive:
      return "ServerLive";
    case GrpcMethod::kServerReady:
      return "ServerReady";
    case GrpcMethod::kModelReady:
      return "ModelReady";
    case GrpcMethod::kServerMetadata:
      return "ServerMetadata";
    case GrpcMethod::kModelMetadata:
      return "ModelMetadata";
    case GrpcMethod::kModelInfer:
      return "ModelInfer";
    case GrpcMethod::kModelConfig:
      return "ModelConfig";
    case GrpcMethod::kModelStatistics:
      return "ModelStatistics";
    case GrpcMethod::kRepositoryIndex:
      return "RepositoryIndex";
    case GrpcMethod::kRepositoryModelLoad:
      return "RepositoryModelLoad";
    case GrpcMethod::kRepositoryModelUnload:
      return "RepositoryModelUnload";
  }
  std::abort();
}

// "ipv4:127.0.0.1:4711", "ipv6:%5B::1%5D:4711" -> the address
std::string address_of(std::string_view peer) {
  if (peer.starts_with("ipv4:") || peer.starts_with("ipv6:")) peer.remove_prefix(5);
  peer = peer.substr(0, peer.rfind(':'));
  if (peer.starts_with("%5B")) peer.remove_prefix(3);
  if (peer.ends_with("%5D")) peer.remove_suffix(3);
  if (peer.starts_with("[") && peer.ends_with("]")) peer = peer.substr(1, peer.size() - 2);
  return std::string(peer);
}

// The text of error_body(); nothing where `body` is none.
std::optional<std::string> error_in(const std::string& body) {
  simdjson::dom::parser parser;
  std::string_view message;
  if (parser.parse(body)["error"].get(message) != simdjson::SUCCESS) return std::nullopt;
  return std::string(message);
}

// The fields of the answer's message, where HTTP's body is another value.
std::string message_of(GrpcMethod method, std::string json) {
  if (method == GrpcMethod::kRepositoryIndex) return "{\"models\":" + json + "}";
  if (method == GrpcMethod::kModelConfig) return "{\"config\":" + json + "}";
  return json;
}

}  // namespace

GrpcCode grpc_code_of(int status) {
  switch (status) {
    case 400:
      return GrpcCode::kInvalidArgument;
    case 401:
      return GrpcCode::kUnauthenticated;
    case 403:
      return GrpcCode::kPermissionDenied;
    case 404:
      return GrpcCode::kNotFound;
    case 413:
    case 429:
      return GrpcCode::kResourceExhausted;
    case 499:
      return GrpcCode::kCancelled;
    case 501:
      return GrpcCode::kUnimplemented;
    case 503:
      return GrpcCode::kUnavailable;
    case 504:
      return GrpcCode::kDeadlineExceeded;
    default:
      return status < 300   ? GrpcCode::kOk
             : status < 500 ? GrpcCode::kInvalidArgument
                            : GrpcCode::kInternal;
  }
}

const char* to_text(GrpcCode code) {
  constexpr const char* kNames[kKnownCodes] = {"OK",
                                               "CANCELLED",
                                               "UNKNOWN",
                                               "INVALID_ARGUMENT",
                                               "DEADLINE_EXCEEDED",
                                               "NOT_FOUND",
                                               "ALREADY_EXISTS",
                                               "PERMISSION_DENIED",
                                               "RESOURCE_EXHAUSTED",
                                               "FAILED_PRECONDITION",
                                               "ABORTED",
                                               "OUT_OF_RANGE",
                                               "UNIMPLEMENTED",
                                               "INTERNAL",
                                               "UNAVAILABLE",
                                               "DATA_LOSS",
                                               "UNAUTHENTICATED"};
  return kNames[static_cast<size_t>(code)];
}

std::optional<GrpcTarget> grpc_target(const GrpcCall& call) {
  const GrpcMethod method = call.method();
  std::string model;
  if (method != GrpcMethod::kModelStatistics || !call.model().empty()) {
    model = fmt::format("/v2/models/{}", call.model());
    if (!call.version().empty()) model += fmt::format("/versions/{}", call.version());
  }
  const auto of_model = [&](const char* verb, const char* path) -> std::optional<GrpcTarget> {
    // "/v2/models/stats" is no model's: HTTP has something else there.
    const bool named = model + path != "/v2/models/stats" && is_model_name(call.model()) &&
                       (call.version().empty() || is_model_name(call.version()));
    if (!named) return std::nullopt;
    return GrpcTarget{verb, model + path};
  };
  const auto of_file = [&](const char* path) -> std::optional<GrpcTarget> {
    if (!is_model_name(call.model())) return std::nullopt;
    return GrpcTarget{"POST", fmt::format("/v2/repository/models/{}/{}", call.model(), path)};
  };
  switch (method) {
    case GrpcMethod::kServerLive:
      return GrpcTarget{"GET", "/v2/health/live"};
    case GrpcMethod::kServerReady:
      return GrpcTarget{"GET", "/v2/health/ready"};
    case GrpcMethod::kServerMetadata:
      return GrpcTarget{"GET", "/v2"};
    case GrpcMethod::kModelReady:
      return of_model("GET", "/ready");
    case GrpcMethod::kModelMetadata:
      return of_model("GET", "");
    case GrpcMethod::kModelInfer:
      return of_model("POST", "/infer");
    case GrpcMethod::kModelConfig:
      return of_model("GET", "/config");
    case GrpcMethod::kModelStatistics:
      return model.empty() ? GrpcTarget{"GET", "/v2/models/stats"} : of_model("GET", "/stats");
    case GrpcMethod::kRepositoryIndex:
      return GrpcTarget{"POST", "/v2/repository/index"};
    case GrpcMethod::kRepositoryModelLoad:
      return of_file("load");
    case GrpcMethod::kRepositoryModelUnload:
      return of_file("unload");
  }
  std::abort();
}

// The share of a call in what all requests and answers take.
class GrpcExchange::Held {
 public:
  explicit Held(std::shared_ptr<HttpCounters> counters) : counters_(std::move(counters)) {}
  ~Held() { counters_->buffered.fetch_sub(bytes_, std::memory_order_relaxed); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

  int64_t add(int64_t bytes) {  // returns what is held by all
    bytes_ += bytes;
    return counters_->buffered.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  }
  int64_t bytes() const { return bytes_; }

 private:
  const std::shared_ptr<HttpCounters> counters_;
  int64_t bytes_ = 0;
};

GrpcExchange::GrpcExchange(std::shared_ptr<GrpcCall> call, GrpcShared& shared)
    : call_(std::move(call)),
      shared_(shared),
      alone_(shared.under_way.fetch_add(1) == 0),
      held_(std::make_shared<Held>(shared.http)) {
  held_->add(static_cast<int64_t>(call_->request_bytes()));
  wants_notes = shared.log != nullptr;
}

GrpcExchange::~GrpcExchange() {
  constexpr int64_t kMuch = 1 << 20;
  if (held_->bytes() > kMuch && shared_.on_much_freed) shared_.on_much_freed();
  --shared_.under_way;
}

bool GrpcExchange::hold(size_t bytes) {
  const int64_t all = held_->add(static_cast<int64_t>(bytes));
  // One request alone always has room: the limit of a single one is another matter.
  return all <= shared_.max_buffered_bytes || all == held_->bytes();
}

bool GrpcExchange::reserve(size_t bytes) {
  const auto change = static_cast<int64_t>(bytes) - static_cast<int64_t>(reserved_);
  const int64_t all = held_->add(change);
  if (change > 0 && all > shared_.max_buffered_bytes && all != held_->bytes()) {
    held_->add(-change);
    return false;
  }
  reserved_ = bytes;
  return true;
}

std::optional<std::string_view> GrpcExchange::header(std::string_view name) const {
  std::string_view found;
  for (const char* known : {"x-api-key", "authorization", "traceparent"}) {
    if (same_ignoring_case(name, known)) found = call_->metadata(known);
  }
  return found.empty() ? std::nullopt : std::optional(found);
}

void GrpcExchange::begin(int status, const ReplyHeaders& headers) {
  status_ = status;
  retry_after_seconds_ = headers.retry_after_seconds;
}

void GrpcExchange::end() {
  const auto failure = status_ < 300 ? std::nullopt : error_in(answer_);
  // "Not ready" is an answer, though HTTP's status is that of a failure.
  tell(failure ? status_ : 200, answer_.size());
  if (failure) {
    return call_->fail(grpc_code_of(status_), *failure, std::chrono::seconds(retry_after_seconds_));
  }
  call_->answer_json(message_of(call_->method(), std::move(answer_)));
}

void GrpcExchange::answer(GrpcInferAnswer answer) {
  size_t bytes = 0;
  for (const GrpcOutput& output : answer.outputs) bytes += output.bytes.size();
  held_->add(static_cast<int64_t>(bytes));
  tell(200, bytes);
  call_->answer(std::move(answer), held_);
}

void GrpcExchange::tell(int status, size_t bytes) const {
  const auto code = static_cast<size_t>(grpc_code_of(status));
  shared_.answers[code].fetch_add(1, std::memory_order_relaxed);
  if (shared_.log == nullptr) return;
  RequestHead said;
  said.method = "POST";
  said.target = fmt::format("/inference.GRPCInferenceService/{}", method_name(call_->method()));
  const auto taken = std::chrono::steady_clock::now() - begun_;
  shared_.log->write({said, status, bytes, notes, address_of(call_->peer()),
                      std::string(header("traceparent").value_or("")), call_->request_bytes(),
                      std::chrono::nanoseconds(taken).count()});
}

}  // namespace maas
