#include "serve/oip/routes.h"

#include <ATen/ops/full.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "http/content_coding.h"
#include "serve/asked_routes.h"
#include "serve/requests.h"

namespace maas {
namespace {

using testing::HasSubstr;

class Halves final : public Session {
 public:
  const SessionInfo& info() const override { return info_; }
  std::vector<at::Tensor> infer(const std::vector<at::Tensor>& inputs) const override {
    const int64_t rows = inputs[0].size(0);
    return {at::full({rows, 3}, 0.5), at::full({rows}, 7, at::kLong)};
  }

 private:
  SessionInfo info_ = small_model();
};

class OipRoutes : public testing::Test, public AskedRoutes {
 protected:
  OipRoutes() : AskedRoutes(std::make_shared<const Halves>(), oip_routes) {}
};

TEST_F(OipRoutes, AreThoseOfTheProtocol) {
  for (const char* path :
       {"/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/net", "/v2/models/net/ready",
        "/v2/models/net/versions/1", "/v2/models/net/versions/1/ready"}) {
    EXPECT_EQ(get(path).status, 200) << path;
    EXPECT_EQ(post(path, "").headers.allow, "GET, HEAD") << path;
  }
  for (const char* path : {"/v2/models/net/infer", "/v2/models/net/versions/1/infer"}) {
    EXPECT_EQ(post(path, request_json(good_input())).status, 200) << path;
    EXPECT_EQ(get(path).headers.allow, "POST") << path;
  }
  for (const char* path :
       {"/", "/v1", "/v2/", "/v2/models", "/v2/models/", "/v2/models//infer", "/v2/models/net/",
        "/v2/models/net/infer/x", "/v2/health", "/v3/health/live", "/v2/models/net/versions/1/x",
        "/v2/repository/index"}) {
    EXPECT_EQ(get(path).status, 404) << path;
    EXPECT_EQ(get(path).body, R"({"error":"not found"})");
  }
}

TEST_F(OipRoutes, ReadinessIsTheServersInEveryAnswer) {
  ready = false;
  EXPECT_EQ(get("/v2/health/live").status, 200);
  for (const char* path : {"/v2/health/ready", "/v2/models/net/ready"}) {
    EXPECT_EQ(get(path).status, 503);
    EXPECT_THAT(get(path).body, HasSubstr(R"("ready":false)"));
  }
}

TEST_F(OipRoutes, AnUnknownModelIsRefusedByTheHeadWhateverTheRoute) {
  for (const char* path : {"/v2/models/other", "/v2/models/other/ready"}) {
    EXPECT_EQ(get(path).status, 404);
    EXPECT_EQ(get(path).body, R"({"error":"no model 'other'; this server has 'net'"})");
  }
  RecordedExchange infer("POST", "/v2/models/net/versions/2/infer");
  EXPECT_EQ(service.admit(infer).message,
            "no model 'net' of this version, 2; this server has versions 1");
}

TEST_F(OipRoutes, AnInferenceIsJson) {
  const std::string path = "/v2/models/net/infer", body = request_json(good_input());
  EXPECT_EQ(post(path, body, {{"Content-Type", "text/plain"}}).status, 415);
  EXPECT_EQ(post(path, body, {{"Content-Type", "application/json; charset=utf-8"}}).status, 200);
  EXPECT_EQ(post(path, body, {{"Content-Type", "application/octet-stream"}}).status, 200);
}

// Long enough to be counted; ends in `end`.
std::string long_body(const std::string& end) {
  std::string zeros = "[0";
  for (int i = 1; i < 2 * 50'000; ++i) zeros += ",0";
  return request_json(input_json("FP32", "[50000,2]", zeros + "]")) + end;
}

TEST_F(OipRoutes, CountWhatReadingTakesWhileItTakesIt) {
  state.max_batch = 0;
  auto exchange = std::make_shared<RecordedExchange>("POST", "/v2/models/net/infer");
  exchange->body = long_body("");
  EXPECT_EQ(ask(exchange).status, 200);
  EXPECT_GE(exchange->most_reserved, 100'000 * sizeof(double));
  EXPECT_EQ(exchange->reserved, 100'000 * sizeof(float));  // the input
  // Numbers that are not read by themselves take more.
  exchange = std::make_shared<RecordedExchange>("POST", "/v2/models/net/infer");
  exchange->body = long_body("x");
  EXPECT_EQ(ask(exchange).status, 400);
  EXPECT_GE(exchange->most_reserved, size_t{100'000} * 24);
}

TEST_F(OipRoutes, AreShortOfMemoryBeforeReadingTakesIt) {
  for (const char* end : {"", "x"}) {
    auto exchange = std::make_shared<RecordedExchange>("POST", "/v2/models/net/infer");
    exchange->body = long_body(end);
    exchange->room = 1'000'000;
    const HttpResponse answer = ask(exchange);
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.headers.retry_after_seconds, 1);
    EXPECT_THAT(answer.body, HasSubstr("no room for this request"));
  }
}

TEST_F(OipRoutes, TakeAsManyPrioritiesAsThereAreLevels) {
  const std::string path = "/v2/models/net/infer";
  const auto with = [](const char* priority) {
    return request_json(good_input(), fmt::format(R"(,"parameters":{{"priority":{}}})", priority));
  };
  EXPECT_EQ(post(path, with("1")).status, 400);
  state.priority_levels = 2;
  for (const char* good : {"0", "1", "2"}) EXPECT_EQ(post(path, with(good)).status, 200) << good;
  EXPECT_THAT(post(path, with("3")).body, HasSubstr("priority is 3; expected 1 (first) to 2"));
  for (const char* bad : {"-1", "\"1\"", "1.5"})
    EXPECT_EQ(post(path, with(bad)).status, 400) << bad;
  EXPECT_THAT(
      post(path, packed(with("1"), ContentCoding::kGzip), {{"Content-Encoding", "gzip"}}).body,
      HasSubstr("was not seen when the request was queued"));
}

TEST_F(OipRoutes, APackedBodyThatIsTooLargeIs413) {
  state.max_body = 1000;
  const auto packed_post = [&](const std::string& body) {
    return post("/v2/models/net/infer", packed(body, ContentCoding::kGzip),
                {{"Content-Encoding", "gzip"}});
  };
  EXPECT_EQ(packed_post(request_json(good_input())).status, 200);
  EXPECT_EQ(packed_post(request_json(good_input()) + std::string(1000, ' ')).status, 413);
}

TEST_F(OipRoutes, TellEachBatchSizeWithItsTime) {
  const std::string path = "/v2/models/net/infer";
  for (int i = 0; i < 2; ++i) post(path, request_json(good_input()));
  post(path, request_json(input_json("FP32", "[3,2]", "[1,2,3,4,5,6]")));
  const std::string answer = get("/v2/models/net/stats").body;
  EXPECT_THAT(answer, HasSubstr(R"("batch_stats":[{"batch_size":1,"compute_infer":{"count":2,)"));
  EXPECT_THAT(answer, HasSubstr(R"({"batch_size":3,"compute_infer":{"count":1,"ns":)"));
}

TEST_F(OipRoutes, AnInferenceMayBeBinaryBothWays) {
  const std::string path = "/v2/models/net/infer";
  const std::string json = request_json(
      R"({"name":"x","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}})",
      R"(,"parameters":{"binary_data_output":true})");
  const std::string values(8, '\0');
  const HttpResponse answer =
      post(path, json + values,
           {{"Content-Type", "application/octet-stream"},
            {"inference-header-content-length", std::to_string(json.size())}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.content_type, "application/octet-stream");
  ASSERT_EQ(answer.headers.others.size(), 1);
  EXPECT_EQ(answer.headers.others[0].first, "Inference-Header-Content-Length");
  const size_t length = std::stoul(answer.headers.others[0].second);
  EXPECT_THAT(answer.body.substr(0, length),
              HasSubstr(R"("shape":[1,3],"parameters":{"binary_data_size":12}})"));
  EXPECT_EQ(answer.body.size() - length, 12 + 8);
  float first = 0;
  std::memcpy(&first, answer.body.data() + length, sizeof first);
  EXPECT_EQ(first, 0.5);
  for (const char* bad : {"x", "-1", "", "99999", "1 "}) {
    EXPECT_EQ(post(path, json, {{"inference-header-content-length", bad}}).status, 400) << bad;
  }
}

TEST_F(OipRoutes, AnAnswerOrARefusalComesFromTheBody) {
  const std::string path = "/v2/models/net/infer";
  EXPECT_THAT(post(path, request_json(good_input(), R"(,"id":"7")")).body,
              HasSubstr(R"("id":"7","outputs":[{"name":"y")"));
  EXPECT_EQ(post(path, "{").body, R"({"error":"body is not JSON at byte 1; expected JSON"})");
  EXPECT_EQ(post(path, "{").status, 400);
  const HttpResponse many = post(path, request_json(input_json("FP32", "[5,2]", "[1]")));
  EXPECT_THAT(many.body, HasSubstr("has 5 rows; expected at most 4"));
}

}  // namespace
}  // namespace maas
