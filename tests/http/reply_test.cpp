#include "http/reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/echo_service.h"
#include "http/recorded_exchange.h"

namespace maas {
namespace {

using testing::HasSubstr;

TEST(Reply, AWholeAnswerIsBegunWrittenAndEndedOnce) {
  RecordedExchange exchange("GET", "/");
  exchange.send(201, "x,y\n", {.content_type = "text/csv", .retry_after_seconds = 2});
  EXPECT_EQ(exchange.begun, 1);
  EXPECT_EQ(exchange.ended, 1);
  EXPECT_EQ(exchange.response.status, 201);
  EXPECT_EQ(exchange.response.body, "x,y\n");
  EXPECT_EQ(exchange.response.headers.content_type, "text/csv");
  EXPECT_EQ(exchange.response.headers.retry_after_seconds, 2);
}

TEST(Reply, AnErrorIsAnObjectWithTheMessageEscaped) {
  RecordedExchange exchange("GET", "/");
  exchange.send_error(405, "no\n\"way\"", {.allow = "GET"});
  EXPECT_EQ(exchange.response.status, 405);
  EXPECT_EQ(exchange.response.body, R"({"error":"no\n\"way\""})");
  EXPECT_EQ(exchange.response.headers.content_type, "application/json");
  EXPECT_EQ(exchange.response.headers.allow, "GET");
}

TEST(HttpResponse, TakesARefusalAndForgetsItWhenCleared) {
  HttpResponse response;
  response.set_error({503, "later", {.retry_after_seconds = 1}});
  response.close = true;
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, R"({"error":"later"})");
  EXPECT_EQ(response.headers.retry_after_seconds, 1);
  response.clear();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(response.headers.retry_after_seconds, 0);
  EXPECT_EQ(response.headers.content_type, "application/json");
  EXPECT_FALSE(response.close);
}

// Answers each request with its path in pieces, as text, and the header X-Told.
class Pieces final : public HttpService {
 public:
  HttpRefusal admit(HttpExchange&) override { return {}; }
  void serve(std::shared_ptr<HttpExchange> exchange) override {
    const std::string path(exchange->head.path());
    exchange->begin(200, {.content_type = "text/plain"});
    for (const char c : path) exchange->write(std::string(1, c));
    exchange->write(std::string(exchange->header("x-TOLD").value_or("(nothing)")));
    exchange->end();
  }
};

class ReplyOnAConnection : public testing::Test {
 protected:
  ReplyOnAConnection() : thread_([this] { listener_.run(); }) {
    listener_.start([] {});
  }
  ~ReplyOnAConnection() override { listener_.stop(); }

  Pieces service_;
  HttpListener listener_{quick_config(), service_};
  std::jthread thread_;
};

TEST_F(ReplyOnAConnection, IsOneBodyOfItsTypeHoweverItIsWritten) {
  TestClient client(listener_.port());
  const TestAnswer answer = client.ask(get("/one/two"));
  EXPECT_EQ(answer.body, "/one/two(nothing)");
  EXPECT_THAT(answer.head, HasSubstr("\r\nContent-Type: text/plain\r\nContent-Length: 17\r\n\r\n"));
  EXPECT_EQ(client.ask(get("/")).body, "/(nothing)");  // nothing is left of the first
}

TEST_F(ReplyOnAConnection, MayGoByAnyHeaderOfTheRequest) {
  TestClient client(listener_.port());
  EXPECT_EQ(client.ask(get("/", "X-Told: 1\r\nX-Other: 3\r\nx-told: 2\r\n")).body, "/1");
  EXPECT_EQ(client.ask(get("/", "X-Told:\r\n")).body, "/");
  EXPECT_EQ(client.ask(get("/")).body, "/(nothing)");
}

}  // namespace
}  // namespace maas
