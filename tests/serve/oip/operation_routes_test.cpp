#include "serve/oip/operation_routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/log_detail.h"
#include "serve/asked_routes.h"
#include "serve/requests.h"

namespace maas {
namespace {

using testing::HasSubstr;

class Nothing final : public Session {
 public:
  const SessionInfo& info() const override { return info_; }
  std::vector<at::Tensor> infer(const std::vector<at::Tensor>&) const override { return {}; }

 private:
  SessionInfo info_ = small_model();
};

class Allowed final : public ModelControl {
 public:
  bool is_allowed() const override { return true; }
  std::vector<ModelState> states() const override { return {}; }
  void ask(Work, std::function<void(std::exception_ptr)>) override {}
};

class OperationRoutes : public testing::Test, public AskedRoutes {
 protected:
  OperationRoutes() : AskedRoutes(std::make_shared<const Nothing>(), operation_routes) {
    state.control = &allowed;
  }
  ~OperationRoutes() override { set_log_detail(before_); }

  std::string refused(const std::string& path, const std::string& body) {
    const HttpResponse answer = post(path, body);
    EXPECT_EQ(answer.status, 400) << body;
    return answer.body;
  }

  Allowed allowed;

 private:
  const LogDetail before_ = log_detail();
};

TEST_F(OperationRoutes, TheLogIsReadAndSet) {
  set_log_detail(LogDetail::kNotices);
  const std::string notices =
      R"({"log_file":"","log_info":true,"log_warning":true,"log_error":true,)"
      R"("log_verbose_level":0,"log_format":"default"})";
  EXPECT_EQ(get("/v2/logging").body, notices);
  EXPECT_THAT(post("/v2/logging", R"({"log_verbose_level":1})").body,
              HasSubstr(R"("log_verbose_level":1)"));
  EXPECT_EQ(log_detail(), LogDetail::kRequests);
  EXPECT_EQ(post("/v2/logging", notices).body, notices);  // as it was read
  EXPECT_EQ(post("/v2/logging", R"({"log_info":false,"log_warning":false})").status, 200);
  EXPECT_EQ(log_detail(), LogDetail::kFailures);
  EXPECT_EQ(post("/v2/logging", R"({"log_info":true})").status, 200);
  EXPECT_EQ(log_detail(), LogDetail::kNotices);
}

TEST_F(OperationRoutes, WhatTheLogCannotDoIsRefusedAndChangesNothing) {
  set_log_detail(LogDetail::kNotices);
  const std::string log = "/v2/logging";
  EXPECT_THAT(refused(log, R"({"log_verbose_level":1,"log_file":"/tmp/x"})"),
              HasSubstr("log_file"));
  EXPECT_THAT(refused(log, R"({"log_error":false})"), HasSubstr("always told"));
  EXPECT_THAT(refused(log, R"({"log_warning":false})"), HasSubstr("log_info"));
  EXPECT_THAT(refused(log, R"({"log_info":false,"log_verbose_level":1})"), HasSubstr("log_info"));
  EXPECT_THAT(refused(log, R"({"log_format":"ISO8601"})"), HasSubstr("default"));
  EXPECT_THAT(refused(log, R"({"log_level":1})"), HasSubstr("no setting"));
  for (const char* body : {"", "[]", "{", R"({"log_info":1})", R"({"log_verbose_level":2})",
                           R"({"log_verbose_level":-1})", R"({"log_verbose_level":true})"}) {
    refused(log, body);
  }
  EXPECT_EQ(log_detail(), LogDetail::kNotices);
  EXPECT_EQ(post(log, "{}", {{"Content-Type", "text/plain"}}).status, 415);
  state.control = nullptr;
  EXPECT_EQ(post(log, R"({"log_verbose_level":1})").status, 403);
  EXPECT_EQ(get(log).status, 200);
}

TEST_F(OperationRoutes, NothingIsTraced) {
  for (const std::string path : {"/v2/trace/setting", "/v2/models/net/trace/setting"}) {
    const std::string off = get(path).body;
    EXPECT_THAT(off, HasSubstr(R"("trace_level":["OFF"])"));
    for (const std::string& body :
         {off, std::string("{}"), std::string(R"({"trace_level":"OFF","trace_rate":null})")}) {
      EXPECT_EQ(post(path, body).body, off) << body;
    }
    EXPECT_THAT(refused(path, R"({"trace_level":["TIMESTAMPS"]})"), HasSubstr("does not write"));
    EXPECT_THAT(refused(path, R"({"trace_rate":"1"})"), HasSubstr("'1000'"));
    EXPECT_THAT(refused(path, R"({"trace_depth":"1"})"), HasSubstr("no setting"));
  }
  EXPECT_EQ(get("/v2/models/other/trace/setting").status, 404);
  EXPECT_EQ(post("/v2/models/other/trace/setting", "{}").status, 404);
}

}  // namespace
}  // namespace maas
