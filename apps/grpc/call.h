// One call of the service, from its message to its answer.
#pragma once

#include <google/protobuf/util/json_util.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "messages.h"
#include "serve/grpc/module.h"

namespace maas {

// gRPC's side of a call: lives until the answer has left, with what is held for it.
class Reactor final : public grpc::ServerUnaryReactor {
 public:
  void OnDone() override { delete this; }
  std::shared_ptr<void> held;
};

template <class Request>
std::string_view model_in(const Request& request) {
  if constexpr (requires { request.model_name(); }) return request.model_name();
  if constexpr (requires { request.name(); }) return request.name();
  return {};
}

template <class Request>
std::string_view version_in(const Request& request) {
  if constexpr (requires { request.model_version(); }) return request.model_version();
  if constexpr (requires { request.version(); }) return request.version();
  return {};
}

template <class Request>
std::string_view demand_in(const Request& request) {
  if constexpr (requires { request.repository_name(); }) {
    if (!request.repository_name().empty()) return "repository_name";
  }
  if constexpr (!std::same_as<Request, inference::ModelInferRequest> &&
                requires { request.parameters(); }) {
    for (const auto& [name, value] : request.parameters()) {
      // tritonclient says of every model to unload that those that it depends on stay.
      const bool nothing = name == "unload_dependents" && !value.bool_param();
      if (!nothing) return "parameters";
    }
  }
  return {};
}

template <class Request, class Response>
class Call final : public GrpcCall {
 public:
  // `message` and `answer` are gRPC's; they stay until it has heard of the end.
  Call(GrpcMethod method, grpc::CallbackServerContext& context, grpc::ByteBuffer message,
       grpc::ByteBuffer& answer)
      : method_(method),
        context_(context),
        message_(std::move(message)),
        answer_(answer),
        reactor_(new Reactor) {
    if (!message_.Dump(&slices_).ok()) slices_.clear();
    pieces_.reserve(slices_.size());
    for (const grpc::Slice& slice : slices_) {
      pieces_.emplace_back(reinterpret_cast<const char*>(slice.begin()), slice.size());
    }
  }
  ~Call() override {
    if (!done_) fail(GrpcCode::kUnavailable, "the server stops", {});
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  grpc::ServerUnaryReactor* reactor() const { return reactor_; }

  GrpcMethod method() const override { return method_; }
  std::span<const std::string_view> message() const override { return pieces_; }
  size_t request_bytes() const override { return bytes_; }
  bool unpack() override {
    pieces_.clear();
    slices_.clear();
    if (!grpc::SerializationTraits<Request>::Deserialize(&message_, &request_).ok()) return false;
    if constexpr (std::same_as<Request, inference::ModelInferRequest>) infer_ = view_of(request_);
    return true;
  }

  std::string_view model() const override { return model_in(request_); }
  std::string_view version() const override { return version_in(request_); }
  std::string_view unknown_demand() const override { return demand_in(request_); }
  const GrpcInferRequest& infer() const override { return infer_; }

  std::string_view metadata(std::string_view name) const override {
    const auto found = context_.client_metadata().find(grpc::string_ref(name.data(), name.size()));
    if (found == context_.client_metadata().end()) return {};
    return {found->second.data(), found->second.size()};
  }
  size_t metadata_count(std::string_view name) const override {
    return context_.client_metadata().count(grpc::string_ref(name.data(), name.size()));
  }
  std::string peer() const override { return context_.peer(); }
  std::chrono::system_clock::time_point deadline() const override { return context_.deadline(); }
  bool is_cancelled() const override { return context_.IsCancelled(); }

  void answer(GrpcInferAnswer answer, std::shared_ptr<void> held) override {
    if constexpr (std::same_as<Response, inference::ModelInferResponse>) {
      fill(response_, std::move(answer));
      reactor_->held = std::move(held);
      finish_with_response();
    } else {
      fail(GrpcCode::kInternal, "an answer of another method", {});
    }
  }

  void answer_json(std::string_view json) override {
    google::protobuf::util::JsonParseOptions options;
    options.ignore_unknown_fields = true;
    const auto read = google::protobuf::util::JsonStringToMessage(
        google::protobuf::StringPiece(json.data(), json.size()), &response_, options);
    if (!read.ok()) return fail(GrpcCode::kInternal, "the answer has no message", {});
    if constexpr (std::same_as<Request, inference::RepositoryIndexRequest>) {
      if (request_.ready()) drop_unready(response_);
    }
    finish_with_response();
  }

  void fail(GrpcCode code, const std::string& message,
            std::chrono::milliseconds retry_after) override {
    if (retry_after.count() > 0) {
      context_.AddTrailingMetadata("grpc-retry-pushback-ms", std::to_string(retry_after.count()));
    }
    finish({static_cast<grpc::StatusCode>(code), message});
  }

 private:
  void finish_with_response() {
    bool is_ours = false;
    finish(grpc::SerializationTraits<Response>::Serialize(response_, &answer_, &is_ours));
  }
  void finish(const grpc::Status& status) {
    done_ = true;
    reactor_->Finish(status);
  }

  const GrpcMethod method_;
  grpc::CallbackServerContext& context_;
  grpc::ByteBuffer message_;
  const size_t bytes_ = message_.Length();
  std::vector<grpc::Slice> slices_;  // of the message
  std::vector<std::string_view> pieces_;
  Request request_;
  Response response_;
  grpc::ByteBuffer& answer_;
  Reactor* const reactor_;
  GrpcInferRequest infer_;
  bool done_ = false;  // one thread at a time has the call
};

}  // namespace maas
