// Requests on which servers have disagreed: each gets one answer, and the connection ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/echo_service.h"

namespace maas {
namespace {

using testing::HasSubstr;
using namespace std::string_literals;

const std::string kPost = "POST /echo HTTP/1.1\r\nHost: localhost\r\n";
const std::string kGet = "GET /echo HTTP/1.1\r\n";
const std::string kHost = "Host: localhost\r\n";
const std::string kChunked = kPost + "Transfer-Encoding: chunked\r\n\r\n";
// What would be answered if the server thought that the request before it had ended.
const std::string kSmuggled = "0\r\n\r\n" + get("/smuggled");

struct Case {
  std::string request;
  int status;
  std::string reason;
};

void expect_refused(const std::vector<Case>& cases) {
  const Listening server;
  for (const Case& each : cases) {
    TestClient client(server.port());
    client.send(each.request);
    const TestAnswer answer = client.receive();
    EXPECT_EQ(answer.status, each.status) << each.request.substr(0, 200);
    EXPECT_THAT(answer.body, HasSubstr("{\"error\":\"")) << each.request.substr(0, 200);
    EXPECT_THAT(answer.body, HasSubstr(each.reason)) << each.request.substr(0, 200);
    EXPECT_TRUE(answer.has("Connection: close")) << each.request.substr(0, 200);
    EXPECT_EQ(client.drain(), "") << "a second answer to " << each.request.substr(0, 200);
  }
  EXPECT_EQ(server.service.served, 0);
  EXPECT_EQ(TestClient(server.port()).ask(get("/echo")).status, 200);
}

// H06
TEST(HostileHttp, FramingThatIsAmbiguousIsRefused) {
  expect_refused({
      {kPost + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + kSmuggled, 400, ""},
      {kPost + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + kSmuggled, 400, ""},
      {kPost + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}" + kSmuggled, 400, ""},
      {kPost + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}" + kSmuggled, 400, ""},
      {kPost + "Content-Length: 2, 2\r\n\r\n{}", 400, ""},
      {kPost + "Content-Length: +2\r\n\r\n{}", 400, ""},
      {kPost + "Content-Length: -2\r\n\r\n{}", 400, ""},
      {kPost + "Content-Length: 0x2\r\n\r\n{}", 400, ""},
      {kPost + "Content-Length: 2 2\r\n\r\n{}", 400, ""},
      {kPost + "Content-Length: 18446744073709551618\r\n\r\n{}", 400, ""},
      {kPost + "Content-Length : 2\r\n\r\n{}", 400, ""},
      {kPost + "Content-Length:\r\n\r\n", 400, ""},
      {"POST /echo HTTP/1.0\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n" + kSmuggled, 400,
       "HTTP/1.0"},
  });
}

TEST(HostileHttp, ChunksThatAreNoneAreRefused) {
  expect_refused({
      {kChunked + "0x2\r\n{}\r\n0\r\n\r\n", 400, "malformed body"},
      {kChunked + "-2\r\n{}\r\n0\r\n\r\n", 400, "malformed body"},
      {kChunked + "+2\r\n{}\r\n0\r\n\r\n", 400, "malformed body"},
      {kChunked + "10000000000000002\r\n{}\r\n0\r\n\r\n", 400, "malformed body"},
      {kChunked + "2\n{}\n0\n\n", 400, "malformed body"},
      {kChunked + "2\r\n{}}\r\n0\r\n\r\n", 400, "malformed body"},
      {kChunked + "\r\n{}\r\n0\r\n\r\n", 400, "malformed body"},
      {kChunked + "2;" + std::string(20'000, 'x') + "\r\n{}\r\n0\r\n\r\n", 400, "chunk"},
      {kChunked + "2;" + std::string(2'000, 'x') + "\r\n{}\r\n0\r\n\r\n", 400, "extension"},
      {kChunked + "0\r\nX: " + std::string(40'000, 'x'), 400, "trailer"},
  });
}

TEST(HostileHttp, TransferCodingsOtherThanChunkedAreRefused) {
  for (const char* coding : {"chunked, identity", "gzip", "xchunked", "identity", "gzip, chunked",
                             "chunked, chunked", "\"chunked\""}) {
    expect_refused({{kPost + "Transfer-Encoding: " + coding + "\r\n\r\n" + kSmuggled, 501,
                     "other than chunked"}});
  }
}

TEST(HostileHttp, HeadsThatTwoServersReadDifferentlyAreRefused) {
  expect_refused({
      {"GET /echo HTTP/1.1\nHost: localhost\n\n", 400, "carriage return"},
      {kGet + "Host: localhost\n\r\n", 400, "carriage return"},
      {kGet + kHost + "X: a\0b\r\n\r\n"s, 400, "zero byte"},
      {kGet + kHost + "X: a\rb\r\n\r\n", 400, ""},
      {kGet + kHost + "X: a\x01 b\r\n\r\n", 400, ""},
      {kGet + kHost + " folded: x\r\n\r\n", 400, "folded"},
      {kGet + kHost + "X : y\r\n\r\n", 400, ""},
      {kGet + kHost + "no colon\r\n\r\n", 400, ""},
      {kGet + kHost + ": no name\r\n\r\n", 400, ""},
      {"GET /echo HTTP/1.1 extra\r\n" + kHost + "\r\n", 400, ""},
      {"GET  /echo HTTP/1.1\r\n" + kHost + "\r\n", 400, ""},
      {"GET /echo HTTP/2.0\r\n" + kHost + "\r\n", 400, ""},
      {"GET /echo HTTP/0.9\r\n" + kHost + "\r\n", 400, ""},
      {"GET /echo\r\n" + kHost + "\r\n", 400, ""},
      {"GET /a b HTTP/1.1\r\n" + kHost + "\r\n", 400, ""},
  });
}

// H10, H11, H12
TEST(HostileHttp, LimitsHostAndOriginAreEnforcedOnTheWire) {
  expect_refused({
      {kGet + kHost + "X: " + std::string(17'000, 'a') + "\r\n\r\n", 431, "too large"},
      {kGet + "X: " + std::string(16 * 1024, 'a'), 431, "too large"},
      {"GET /" + std::string(8 * 1024, 'a') + " HTTP/1.1\r\n" + kHost + "\r\n", 414, "too long"},
      {std::string(4096, 'A') + " / HTTP/1.1\r\n" + kHost + "\r\n", 501, "unknown method"},
      {kGet + "\r\n", 400, "no Host"},
      {kGet + kHost + kHost + "\r\n", 400, "more than one Host"},
      {kGet + "Host: evil.com\r\n\r\n", 403, "host name is not served here"},
      {"GET http://evil.com/echo HTTP/1.1\r\n" + kHost + "\r\n", 403, "not served here"},
      {kGet + kHost + "Origin: https://evil\r\n\r\n", 403, "other origins"},
      {kPost + "Content-Encoding: br\r\nContent-Length: 2\r\n\r\n{}", 415, "Content-Encoding"},
  });
  std::string many = kGet + kHost;
  for (int i = 0; i < 5000; ++i) many += "X: y\r\n";
  expect_refused({{many + "\r\n", 431, ""}});
  many = kGet + kHost;
  for (int i = 1; i < 101; ++i) many += "X: y\r\n";
  expect_refused({{many + "\r\n", 431, "too many headers"}});
}

// H15
TEST(HostileHttp, OtherProtocolsAreToldWhatIsSpokenHere) {
  expect_refused({
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s + std::string(64, 'x'), 400, "this is TLS"},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "this is HTTP/2"},
      {"\0\0\0\x0c\0\0\0\0\0\0\0\0"s, 400, "not an HTTP/1.1 request"},
      {"SSH-2.0-x\r\n", 400, "not an HTTP/1.1 request"},
  });
}

TEST(HostileHttp, ARefusalGoesByItsOwnRequestNotByTheOneBefore) {
  const Listening server;
  TestClient client(server.port());
  client.send("HEAD /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client.receive().status, 200);
  const TestAnswer answer = client.ask("GET /echo HTTP/1.1\n\n");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("carriage return"));
}

HttpConfig impatient() {
  HttpConfig config = quick_config();
  config.header_timeout = {0.05, "s"};
  return config;
}

// H01
TEST(HostileHttp, ASilentConnectionIsClosedAtTheHeaderTimeout) {
  const Listening server(impatient());
  TestClient client(server.port());
  EXPECT_EQ(client.drain(), "");
}

// H02
TEST(HostileHttp, AHeadThatDoesNotEndIsClosedAtTheHeaderTimeout) {
  const Listening server(impatient());
  TestClient client(server.port());
  client.send("GET /echo HTTP/1.1\r\nHost: loc");
  const TestAnswer answer = client.receive();
  EXPECT_EQ(answer.status, 408);
  EXPECT_THAT(answer.body, HasSubstr("did not arrive in time"));
  EXPECT_TRUE(answer.has("Connection: close"));
  EXPECT_EQ(client.drain(), "");
}

// H03
TEST(HostileHttp, ABodyThatComesTooSlowlyIsRefused) {
  const Listening server(impatient());
  TestClient client(server.port());
  client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n{");
  EXPECT_EQ(client.receive().status, 408);
  EXPECT_EQ(client.drain(), "");
}

TEST(HostileHttp, AnIdleConnectionIsClosedAtTheIdleTimeout) {
  HttpConfig config = quick_config();
  config.idle_timeout = {0.05, "s"};
  const Listening server(config);
  TestClient client(server.port());
  EXPECT_EQ(client.ask(get("/echo")).status, 200);
  EXPECT_EQ(client.drain(), "");
}

// H04
TEST(HostileHttp, AClientThatDoesNotReadIsDroppedAtTheWriteTimeout) {
  HttpConfig config = quick_config();
  config.write_timeout = {0.05, "s"};
  Listening server(config);
  TestClient client(server.port());
  client.send(post("/large", std::to_string(64 << 20)));
  server.service.wait_until_gone();
  EXPECT_LT(client.drain().size(), 64 << 20);
}

TEST(HostileHttp, ALongAnswerArrivesWhole) {
  const Listening server;
  TestClient client(server.port());
  EXPECT_EQ(client.ask(post("/large", std::to_string(16 << 20))).body.size(), 16 << 20);
  EXPECT_EQ(client.ask(get("/echo")).status, 200);
}

// H05
TEST(HostileHttp, AClientThatGoesAwayAtAnyPointHarmsNobody) {
  Listening server;
  const std::string whole = post("/echo", std::string(1000, 'x'));
  for (size_t cut = 1; cut < whole.size(); cut += 37) {
    TestClient(server.port()).send(std::string_view(whole).substr(0, cut));
  }
  TestClient(server.port()).send(post("/large", std::to_string(8 << 20)));
  {
    TestClient goes(server.port());
    goes.send(get("/hold"));
    server.service.held();
  }
  server.service.release();
  EXPECT_EQ(TestClient(server.port()).ask(get("/echo")).status, 200);
}

}  // namespace
}  // namespace maas
