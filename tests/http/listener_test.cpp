#include "http/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "base/error.h"
#include "http/echo_service.h"

namespace maas {
namespace {

using testing::HasSubstr;
using namespace std::string_literals;

std::string refusal_to_listen(const std::string& host, int64_t port) {
  HttpConfig config;
  config.host = host;
  config.port = port;
  EchoService service;
  try {
    HttpListener(config, service);
  } catch (const Error& error) {
    return std::to_string(static_cast<int>(error.kind())) + " " + error.what();
  }
  return "";
}

TEST(HttpListener, TakesAnyFreePortForPortZero) {
  const Listening one, two;
  EXPECT_NE(one.port(), 0);
  EXPECT_NE(one.port(), two.port());
  EXPECT_EQ(TestClient(one.port()).ask(get("/")).status, 200);
}

TEST(HttpListener, NamesThePortThatIsTakenAndTheWayOut) {
  const Listening taken;
  const std::string text = refusal_to_listen("127.0.0.1", taken.port());
  EXPECT_THAT(text, HasSubstr("4 127.0.0.1:" + std::to_string(taken.port())));
  EXPECT_THAT(text, HasSubstr("Address already in use"));
  EXPECT_THAT(text, HasSubstr("choose another with --port N"));
}

TEST(HttpListener, ListensBeyondLoopbackOnlyWhenTold) {
  for (const char* host : {"0.0.0.0", "::", "192.0.2.1"}) {
    EXPECT_THAT(refusal_to_listen(host, 0), HasSubstr("can be reached from other machines"));
    EXPECT_THAT(refusal_to_listen(host, 0), HasSubstr("--insecure"));
  }
  EXPECT_THAT(refusal_to_listen("nowhere.example", 0), HasSubstr("is not an address"));
  EXPECT_EQ(refusal_to_listen("localhost", 0), "");
}

TEST(HttpListener, KeepsAConnectionForMoreRequests) {
  const Listening server;
  TestClient client(server.port());
  for (int i = 0; i < 3; ++i) {
    const TestAnswer answer = client.ask(post("/echo", "body " + std::to_string(i)));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "body " + std::to_string(i));
    EXPECT_FALSE(answer.has("Connection: close"));
  }
  EXPECT_TRUE(client.ask(get("/", "Connection: close\r\n")).has("Connection: close"));
  EXPECT_EQ(client.drain(), "");
}

TEST(HttpListener, SpeaksHttp10) {
  const Listening server;
  TestClient client(server.port());
  EXPECT_TRUE(
      client.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").has("Connection: keep-alive"));
  EXPECT_TRUE(client.ask("GET / HTTP/1.0\r\n\r\n").has("Connection: close"));
}

TEST(HttpListener, AnswersHeadWithoutABody) {
  const Listening server;
  TestClient client(server.port());
  client.send("HEAD /refused HTTP/1.1\r\nHost: localhost\r\n\r\n" +
              get("/", "Connection: close\r\n"));
  const std::string all = client.drain();
  EXPECT_THAT(all, HasSubstr("Content-Length: 23\r\n\r\nHTTP/1.1 200"));
}

TEST(HttpListener, ReadsChunkedBodies) {
  const Listening server;
  const std::string head =
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  TestClient client(server.port());
  EXPECT_EQ(client.ask(head + "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n").body, "abcde");
  EXPECT_EQ(client.ask(head + "0\r\n\r\n").body, "");
  EXPECT_EQ(client.ask(head + "1\r\na\r\n0\r\nTrailer: x\r\n\r\n").body, "a");
}

// H16
TEST(HttpListener, AnswersTenThousandRequestsOfOnePacketInOrder) {
  const Listening server;
  constexpr int kCount = 10000;
  std::string all;
  for (int i = 0; i < kCount; ++i) all += post("/echo", std::to_string(i));
  TestClient client(server.port());
  std::jthread sender([&] { client.send(all); });
  for (int i = 0; i < kCount; ++i) ASSERT_EQ(client.receive().body, std::to_string(i));
}

// H14
TEST(HttpListener, SaysContinueOnlyToARequestThatItWillTake) {
  HttpConfig config = quick_config();
  config.max_body_bytes = 100;
  const Listening server(config);
  const auto head = [](const std::string& path, int64_t size, const std::string& expect) {
    return "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nExpect: " + expect +
           "\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
  };
  TestClient good(server.port());
  EXPECT_EQ(good.ask(head("/echo", 2, "100-continue")).status, 100);
  EXPECT_EQ(good.ask("{}").body, "{}");
  TestClient unauthorised(server.port()), oversized(server.port()), magic(server.port());
  EXPECT_EQ(unauthorised.ask(head("/refused", 2, "100-continue")).status, 401);
  EXPECT_EQ(unauthorised.drain(), "");
  EXPECT_EQ(oversized.ask(head("/echo", 101, "100-continue")).status, 413);
  EXPECT_EQ(magic.ask(head("/echo", 2, "x")).status, 417);
  EXPECT_EQ(server.service.served, 1);
}

TEST(HttpListener, KeepsTheConnectionOfARefusedRequestWithAShortBody) {
  const Listening server;
  TestClient client(server.port());
  EXPECT_EQ(client.ask(post("/refused", "{}")).status, 401);
  EXPECT_EQ(client.ask(post("/echo", "{}")).status, 200);
  client.send(post("/refused", std::string(1 << 20, 'x')));  // not read: that would be work
  const TestAnswer answer = client.receive();
  EXPECT_EQ(answer.status, 401);
  EXPECT_TRUE(answer.has("Connection: close"));
}

// H07
TEST(HttpListener, RefusesABodyAboveTheLimit) {
  HttpConfig config = quick_config();
  config.max_body_bytes = 1000;
  const Listening server(config);
  const std::string start = "POST /echo HTTP/1.1\r\nHost: localhost\r\n";
  EXPECT_EQ(TestClient(server.port()).ask(post("/echo", std::string(1000, 'x'))).status, 200);
  for (const std::string& request :
       {start + "Content-Length: 1001\r\n\r\n", start + "Content-Length: 100000000000\r\n\r\n",
        start + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n",
        start + "Transfer-Encoding: chunked\r\n\r\n3e8\r\n" + std::string(1000, 'x') +
            "\r\n1\r\n"}) {
    TestClient client(server.port());
    const TestAnswer answer = client.ask(request);
    EXPECT_EQ(answer.status, 413);
    EXPECT_THAT(answer.body, HasSubstr("larger than this server takes"));
    EXPECT_EQ(client.drain(), "");
  }
}

// H08
TEST(HttpListener, RefusesABodyOfTooManyChunks) {
  const Listening server;
  std::string body;
  for (int i = 0; i < 65536; ++i) body += "1\r\nx\r\n";
  const std::string head =
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  TestClient most(server.port()), more(server.port());
  EXPECT_EQ(most.ask(head + body + "0\r\n\r\n").body.size(), 65536);
  const TestAnswer answer = more.ask(head + body + "1\r\nx\r\n0\r\n\r\n");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("too many chunks"));
}

TEST(HttpListener, PausesAtTheMostConnectionsAndGoesOn) {
  HttpConfig config = quick_config();
  config.max_connections = 2;
  const Listening server(config);
  auto one = std::make_unique<TestClient>(server.port());
  TestClient two(server.port());
  EXPECT_EQ(one->ask(get("/")).status + two.ask(get("/")).status, 400);
  TestClient three(server.port());  // waits in the kernel's queue
  three.send(get("/"));
  EXPECT_EQ(two.ask(get("/")).status, 200);
  one.reset();
  EXPECT_EQ(three.receive().status, 200);
}

// H17
TEST(HttpListener, GoesOnWhenThereAreFileDescriptorsAgain) {
  const Listening server;
  TestClient before(server.port());
  EXPECT_EQ(before.ask(get("/")).status, 200);
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  rlimit none = limit;
  none.rlim_cur = 3;
  ::setrlimit(RLIMIT_NOFILE, &none);
  TestClient waiting(server.port(), socket);
  EXPECT_TRUE(waiting.connected());  // by the kernel
  waiting.send(get("/"));
  EXPECT_EQ(before.ask(get("/")).status, 200);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  EXPECT_EQ(waiting.receive().status, 200);
}

TEST(HttpListener, KnowsWhenAClientHasGone) {
  Listening server;
  TestClient stays(server.port());
  stays.send(get("/hold"));
  EXPECT_FALSE(server.service.held()->client_is_gone());
  server.service.release();
  EXPECT_EQ(stays.receive().status, 200);
  TestClient goes(server.port());
  goes.send(get("/hold"));
  const auto exchange = server.service.held();
  goes.close();
  EXPECT_TRUE(eventually([&] { return exchange->client_is_gone(); }));
  server.service.release();
  EXPECT_EQ(stays.ask(get("/")).status, 200);
}

TEST(HttpListener, AnswersAClientThatHasNothingMoreToSay) {
  const Listening server;
  TestClient client(server.port());
  client.send(post("/echo", "x"));
  client.close_sending();
  EXPECT_THAT(client.drain(), HasSubstr("\r\n\r\nx"));
}

// A client that paces its requests sends the next one when it likes: what it sends before it has
// heard that the connection ends must be answered.
TEST(HttpListener, TellsEveryClientToConnectAnewBeforeItStops) {
  Listening server;
  TestClient paced(server.port()), fresh(server.port());
  EXPECT_FALSE(paced.ask(get("/")).has("Connection: close"));
  server.listener.close_after_answers();
  EXPECT_TRUE(paced.ask(get("/")).has("Connection: close"));
  EXPECT_EQ(paced.drain(), "");
  EXPECT_TRUE(fresh.ask(get("/")).has("Connection: close"));
  EXPECT_EQ(TestClient(server.port()).ask(get("/")).status, 200);
}

TEST(HttpListener, AnswersWhoeverHadConnectedWhenItStopsAccepting) {
  Listening server;
  TestClient silent(server.port());
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(std::make_unique<TestClient>(server.port()));
  server.listener.drain(60);
  for (const auto& client : clients) EXPECT_EQ(client->ask(get("/")).status, 200);
  clients.clear();
  EXPECT_EQ(silent.drain(), "");  // has a second to say something
  server.listener.run();
}

TEST(HttpListener, IdleConnectionsMakeRoomForNewcomersLongestIdleFirst) {
  HttpConfig config = quick_config();
  config.max_connections = 3;
  Listening server(config);
  TestClient busy(server.port()), oldest(server.port()), younger(server.port());
  busy.send(get("/hold"));
  EXPECT_EQ(oldest.ask(get("/")).status, 200);
  // A connection is idle from the moment on in which the server, not the client, is done with it.
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(younger.ask(get("/")).status, 200);
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  EXPECT_EQ(TestClient(server.port()).ask(get("/")).status, 200);
  EXPECT_EQ(oldest.drain(), "");
  EXPECT_EQ(younger.ask(get("/")).status, 200);
  server.service.release();
  EXPECT_EQ(busy.receive().status, 200);
}

std::string announced(int64_t bytes) {
  return "POST /hold HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(bytes) +
         "\r\n\r\n";
}

// The bytes of an answer are let go a moment after it has arrived.
TestAnswer echo_when_there_is_room(const Listening& server, const std::string& body) {
  TestAnswer answer;
  for (int i = 0; i < 100; ++i) {
    answer = TestClient(server.port()).ask(post("/echo", body));
    if (answer.status != 503) return answer;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return answer;
}

TEST(HttpListener, RefusesBodiesThatAllTogetherDoNotFit) {
  HttpConfig config = quick_config();
  config.max_buffered_bytes = 3 << 20;
  Listening server(config);
  const std::string body(2 << 20, 'x');
  TestClient first(server.port());
  first.send(post("/hold", body));
  server.service.held();
  TestClient second(server.port());
  const TestAnswer refused = second.ask(announced(2 << 20));
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(refused.has("Retry-After: 1"));
  EXPECT_THAT(refused.body, HasSubstr("no room for this request"));
  EXPECT_EQ(TestClient(server.port()).ask(post("/echo", "{}")).status, 200);
  // Of those that come at once some may be cut off while they arrive.
  TestClient chunked(server.port());
  chunked.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  chunked.send("200000\r\n" + body);
  EXPECT_EQ(chunked.receive().status, 503);
  server.service.release();
  EXPECT_EQ(first.receive().status, 200);
  EXPECT_EQ(echo_when_there_is_room(server, body).status, 200);
}

TEST(HttpListener, TakesABodyLargerThanTheRoomForAllWhenItIsAlone) {
  HttpConfig config = quick_config();
  config.max_buffered_bytes = 1 << 20;
  const Listening server(config);
  const std::string body(3 << 20, 'x');
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(echo_when_there_is_room(server, body).body.size(), body.size());
  }
}

TEST(HttpListener, CountsWhatReadingABodyTakesWithTheBodies) {
  HttpConfig config = quick_config();
  config.max_buffered_bytes = 3 << 20;
  Listening server(config);
  TestClient first(server.port());
  first.send(post("/hold", std::string(1 << 20, 'x')));
  const auto held = server.service.held();
  EXPECT_TRUE(held->reserve(8 << 20));  // alone it has room
  EXPECT_EQ(TestClient(server.port()).ask(post("/echo", "{}")).status, 503);
  EXPECT_TRUE(held->reserve(1 << 20));
  EXPECT_EQ(TestClient(server.port()).ask(post("/echo", "{}")).status, 200);
  const auto& buffered = server.listener.counters().buffered;
  // The bytes of an answer are let go a moment after it has arrived.
  EXPECT_TRUE(eventually([&] { return buffered == 2 << 20; })) << buffered;
  // Beside another it has not.
  TestClient second(server.port());
  second.send(announced(1 << 20) + std::string(1 << 19, 'x'));
  EXPECT_TRUE(eventually([&] { return buffered == 5 << 19; })) << buffered;
  EXPECT_FALSE(held->reserve(8 << 20));
  EXPECT_EQ(buffered, 5 << 19);
  server.service.release();
  EXPECT_EQ(first.receive().status, 200);
}

TEST(HttpListener, WhoOnlyAnnouncesABodyKeepsNobodyOut) {
  HttpConfig config = quick_config();
  config.max_buffered_bytes = 1 << 20;
  const Listening server(config);
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(std::make_unique<TestClient>(server.port()));
    clients.back()->send(announced(1 << 20));
  }
  EXPECT_EQ(TestClient(server.port()).ask(post("/echo", std::string(1 << 19, 'x'))).status, 200);
}

TEST(HttpListener, DrainsByAnsweringWhatIsInFlight) {
  Listening server;
  TestClient busy(server.port()), idle(server.port());
  EXPECT_EQ(idle.ask(get("/")).status, 200);
  busy.send(get("/hold"));
  server.service.held();
  server.listener.drain(60);
  EXPECT_EQ(idle.drain(), "");  // closed
  EXPECT_TRUE(eventually([&] { return !TestClient(server.port()).connected(); }));
  server.service.release();
  const TestAnswer answer = busy.receive();
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.has("Connection: close"));
  busy.close();
  server.listener.run();  // returns when all is done
}

TEST(HttpListener, CutsWhatIsInFlightWhenItHasDrainedLongEnough) {
  Listening server;
  TestClient busy(server.port());
  busy.send(get("/hold"));
  const auto held = server.service.held();
  server.listener.drain(0.05);
  server.listener.run();
}

}  // namespace
}  // namespace maas
