// What the server and the module that speaks gRPC (apps/grpc, maas-grpc.so) know of each other.
// Plain types: the module knows nothing of libtorch, and this library nothing of gRPC and protobuf,
// which are loaded for those alone who ask for the port.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace maas {

// grpc.github.io/grpc/core/md_doc_statuscodes.html
enum class GrpcCode {
  kOk = 0,
  kCancelled = 1,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kUnauthenticated = 16,
};

enum class GrpcMethod {
  kServerLive,
  kServerReady,
  kModelReady,
  kServerMetadata,
  kModelMetadata,
  kModelInfer,
  kModelConfig,
  kModelStatistics,
  kRepositoryIndex,
  kRepositoryModelLoad,
  kRepositoryModelUnload,
};

// std::monostate: none of the choices was set.
using GrpcValue = std::variant<std::monostate, bool, int64_t, std::string_view, double, uint64_t>;
using GrpcParameters = std::vector<std::pair<std::string_view, GrpcValue>>;

// InferTensorContents: one list a family of types.
struct GrpcContents {
  std::span<const bool> bools;
  std::span<const int32_t> ints;    // INT8, INT16, INT32
  std::span<const uint32_t> uints;  // UINT8, UINT16, UINT32
  std::span<const int64_t> int64s;
  std::span<const uint64_t> uint64s;
  std::span<const float> floats;
  std::span<const double> doubles;
  std::vector<std::string_view> texts;  // BYTES
};

struct GrpcInput {
  std::string_view name, datatype;
  std::span<const int64_t> shape;
  GrpcParameters parameters;
  bool has_contents = false;
  GrpcContents contents;
};

struct GrpcWantedOutput {
  std::string_view name;
  GrpcParameters parameters;
};

// A ModelInferRequest. Its texts and values live as long as the call.
struct GrpcInferRequest {
  std::string_view id;
  GrpcParameters parameters;
  std::vector<GrpcInput> inputs;
  std::vector<GrpcWantedOutput> outputs;
  std::vector<std::string_view> raw;  // raw_input_contents
};

struct GrpcOutput {
  std::string_view name, datatype;
  std::vector<int64_t> shape;
  std::vector<std::pair<std::string_view, int64_t>> parameters;
  // Row-major, little-endian; of BYTES, each value behind its length in 4 bytes.
  std::string bytes;
};

// A ModelInferResponse.
struct GrpcInferAnswer {
  std::string_view model, version, id;
  std::string warnings;  // the parameter of this name; "" = none
  std::vector<GrpcOutput> outputs;
  bool raw = true;  // all outputs in raw_output_contents; else each in its typed list
};

// One call by a client, the module's. Shared, so that whoever is left with it when a server ends
// can let go of it: a call that was not answered then fails.
class GrpcCall {
 public:
  virtual ~GrpcCall() = default;

  virtual GrpcMethod method() const = 0;
  // The request as it came, in pieces; empty once it was unpacked.
  virtual std::span<const std::string_view> message() const = 0;
  virtual size_t request_bytes() const = 0;
  // False: it is none of the method's. What follows up to infer() is told of an unpacked request.
  virtual bool unpack() = 0;

  virtual std::string_view model() const = 0;    // "" = the method names none
  virtual std::string_view version() const = 0;  // "" = any
  // That the server does not do, of methods other than ModelInfer: "repository_name"; "" = none.
  virtual std::string_view unknown_demand() const = 0;
  virtual const GrpcInferRequest& infer() const = 0;  // of kModelInfer

  virtual std::string_view metadata(std::string_view name) const = 0;  // the first; "" = none
  virtual size_t metadata_count(std::string_view name) const = 0;
  virtual std::string peer() const = 0;                                // "ipv4:127.0.0.1:4711"
  virtual std::chrono::system_clock::time_point deadline() const = 0;  // max() = none
  virtual bool is_cancelled() const = 0;

  // One of them, once; the request may be gone afterwards. `held` is let go of when the answer has
  // left, or cannot any more.
  virtual void answer(GrpcInferAnswer answer, std::shared_ptr<void> held) = 0;
  // Of all other methods: the fields of the answer as JSON; those it does not have are left out.
  virtual void answer_json(std::string_view json) = 0;
  // `retry_after` 0 = not told.
  virtual void fail(GrpcCode code, const std::string& message,
                    std::chrono::milliseconds retry_after) = 0;
};

// The server's side. Called from many threads at once; does not throw.
class GrpcService {
 public:
  virtual ~GrpcService() = default;
  virtual void call(std::shared_ptr<GrpcCall> call) = 0;
};

struct GrpcCertificates {
  std::string certificate, key, client_ca;  // PEM; client_ca "" = clients show none
  uint64_t generation = 0;                  // another for other texts
};

struct GrpcSettings {
  std::string host;  // an address: "127.0.0.1", "::1"
  uint16_t port = 0;
  // Those beyond are closed at once; never above 15 % of the open-file limit.
  int64_t max_connections = 0;
  std::function<void(int64_t)> on_connections;  // told how many are open, within a second
  size_t max_message_bytes = 0, max_held_bytes = 0, max_metadata_bytes = 0;
  std::chrono::milliseconds handshake_timeout{0}, idle_timeout{0};
  // A connection that is about so old is told to be replaced (GOAWAY); calls under way on it, and
  // those that are on their way, are answered.
  std::chrono::milliseconds connection_age{0};
  // Asked at each handshake; null: no TLS.
  std::function<GrpcCertificates()> certificates;
};

// A port that is answered. Destroyed after every call was answered or let go of.
class GrpcListener {
 public:
  virtual ~GrpcListener() = default;
  // Health (grpc.health.v1) says NOT_SERVING from now on.
  virtual void say_not_serving() = 0;
  // From now on no connection is accepted. Those that are there are answered until they have
  // reached their age and are gone, or none has brought anything for five seconds. Calls that are
  // not answered after `longest` are cancelled.
  virtual void begin_drain(std::chrono::milliseconds longest) = 0;
  virtual bool is_drained() const = 0;
};

// The module's functions. Another text of the first than kGrpcInterface: of another build.
inline constexpr const char* kGrpcInterface = "maas-grpc 6";
using GrpcInterfaceFunction = const char*();
using GrpcLibraryFunction = const char*();  // the version of the gRPC library
// Null, and why: the port cannot be had. `service` outlives the listener.
using GrpcListenFunction = GrpcListener*(const GrpcSettings& settings, GrpcService& service,
                                         std::string& why);

}  // namespace maas
