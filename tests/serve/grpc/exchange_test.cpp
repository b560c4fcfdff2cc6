#include "serve/grpc/exchange.h"

#include <gtest/gtest.h>

namespace maas {
namespace {

class NotedCall final : public GrpcCall {
 public:
  GrpcMethod method() const override { return its_method; }
  std::string_view model() const override { return its_model; }
  std::string_view version() const override { return its_version; }
  std::string_view unknown_demand() const override { return ""; }
  const GrpcInferRequest& infer() const override { return request; }
  size_t request_bytes() const override { return 100; }
  std::span<const std::string_view> message() const override { return {}; }
  bool unpack() override { return true; }
  std::string_view metadata(std::string_view name) const override {
    return name == "x-api-key" ? "k" : name == "host" ? "h" : "";
  }
  size_t metadata_count(std::string_view) const override { return 1; }
  std::string peer() const override { return "ipv4:127.0.0.1:1"; }
  std::chrono::system_clock::time_point deadline() const override {
    return std::chrono::system_clock::time_point::max();
  }
  bool is_cancelled() const override { return false; }
  void answer(GrpcInferAnswer, std::shared_ptr<void> held) override { kept = std::move(held); }
  void answer_json(std::string_view json) override { told = json; }
  void fail(GrpcCode code, const std::string& message, std::chrono::milliseconds wait) override {
    failed = code;
    told = message;
    retry_after = wait;
  }

  GrpcMethod its_method = GrpcMethod::kServerReady;
  std::string its_model, its_version;
  GrpcInferRequest request;
  std::string told;
  GrpcCode failed = GrpcCode::kOk;
  std::chrono::milliseconds retry_after{0};
  std::shared_ptr<void> kept;
};

class GrpcExchangeTest : public testing::Test {
 protected:
  GrpcExchangeTest() {
    shared.http = std::make_shared<HttpCounters>();
    shared.max_buffered_bytes = 150;
  }
  std::shared_ptr<NotedCall> call = std::make_shared<NotedCall>();
  GrpcShared shared;
};

TEST_F(GrpcExchangeTest, ARefusalBecomesACodeWithItsText) {
  GrpcExchange(call, shared).send_error(429, "too \"fast\"\n", {.retry_after_seconds = 2});
  EXPECT_EQ(call->failed, GrpcCode::kResourceExhausted);
  EXPECT_EQ(call->told, "too \"fast\"\n");
  EXPECT_EQ(call->retry_after, std::chrono::seconds(2));
  EXPECT_EQ(shared.answers[8], 1U);
}

TEST_F(GrpcExchangeTest, NotReadyIsAnAnswer) {
  GrpcExchange(call, shared).send(503, R"({"ready":false})");
  EXPECT_EQ(call->failed, GrpcCode::kOk);
  EXPECT_EQ(call->told, R"({"ready":false})");
}

TEST_F(GrpcExchangeTest, OnlyWhatSaysWhoAsksIsSeenOfTheMetadata) {
  const GrpcExchange exchange(call, shared);
  EXPECT_EQ(exchange.header("X-Api-Key"), "k");
  EXPECT_EQ(exchange.header("Host"), std::nullopt);
  EXPECT_EQ(exchange.header("Authorization"), std::nullopt);
}

TEST_F(GrpcExchangeTest, BytesCountUntilTheAnswerHasLeft) {
  {
    GrpcExchange one(call, shared);
    EXPECT_TRUE(one.is_alone());
    EXPECT_TRUE(one.hold(70));
    GrpcExchange two(call, shared);
    EXPECT_FALSE(two.is_alone());
    EXPECT_FALSE(two.hold(1));
    GrpcInferAnswer answer;
    answer.outputs.emplace_back().bytes = "12345";
    one.answer(std::move(answer));
    EXPECT_EQ(shared.http->buffered, 276);
  }
  EXPECT_EQ(shared.http->buffered, 175);
  call->kept = nullptr;
  EXPECT_EQ(shared.http->buffered, 0);
  EXPECT_EQ(shared.under_way, 0);
}

TEST_F(GrpcExchangeTest, WhatReadingTakesCountsInsteadOfWhatItTook) {
  GrpcExchange exchange(call, shared);
  EXPECT_TRUE(exchange.reserve(30));
  EXPECT_TRUE(exchange.reserve(50));
  EXPECT_EQ(shared.http->buffered, 150);
  const GrpcExchange other(call, shared);
  EXPECT_FALSE(exchange.reserve(60));
  EXPECT_EQ(shared.http->buffered, 250);
  EXPECT_TRUE(exchange.reserve(0));
}

TEST_F(GrpcExchangeTest, ALargeCallThatGoesIsTold) {
  int told = 0;
  shared.on_much_freed = [&told] { ++told; };
  GrpcExchange(call, shared).hold(1 << 10);
  EXPECT_EQ(told, 0);
  GrpcExchange(call, shared).hold(1 << 20);
  EXPECT_EQ(told, 1);
}

TEST_F(GrpcExchangeTest, OnlyNamesOfModelsBecomePaths) {
  call->its_method = GrpcMethod::kModelInfer;
  for (const char* name : {"", "a/b", "..", "a?b", "a b", "\xc3\xa9"}) {
    call->its_model = name;
    EXPECT_FALSE(grpc_target(*call)) << name;
  }
  call->its_model = "net";
  EXPECT_EQ(grpc_target(*call)->path, "/v2/models/net/infer");
  call->its_version = "1/infer";
  EXPECT_FALSE(grpc_target(*call));
  call->its_version = "2";
  EXPECT_EQ(grpc_target(*call)->path, "/v2/models/net/versions/2/infer");
  call->its_version = "";
  call->its_model = "stats";
  EXPECT_EQ(grpc_target(*call)->path, "/v2/models/stats/infer");
  call->its_method = GrpcMethod::kModelMetadata;
  EXPECT_FALSE(grpc_target(*call));  // HTTP has the statistics there
  call->its_method = GrpcMethod::kModelStatistics;
  call->its_model = call->its_version = "";
  EXPECT_EQ(grpc_target(*call)->path, "/v2/models/stats");
}

}  // namespace
}  // namespace maas
