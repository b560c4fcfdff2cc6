#include "serve/server.h"

#include <ATen/ops/full.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <condition_variable>
#include <latch>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "http/test_client.h"
#include "serve/requests.h"

namespace maas {
namespace {

using testing::HasSubstr;

constexpr const char* kInfer = "/v2/models/net/infer";

std::string infer(const std::string& more = "") {
  return post(kInfer, request_json(good_input(), more));
}

// Lets inferences through one by one, or all.
class Gate {
 public:
  void enter() {
    std::unique_lock lock(mutex_);
    ++entered_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_ || tickets_ > 0; });
    if (!open_) --tickets_;
  }
  void wait_for(int entered) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return entered_ >= entered; });
  }
  void let_one_through() {
    const std::lock_guard lock(mutex_);
    ++tickets_;
    changed_.notify_all();
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  int entered() {
    const std::lock_guard lock(mutex_);
    return entered_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int entered_ = 0, tickets_ = 0;
  bool open_ = false;
};

// small_model(), answering when the gate lets it. Inputs that begin with -1 to -4 fail in ways.
class GatedSession final : public Session {
 public:
  explicit GatedSession(Gate& gate, bool can_warm_up = true)
      : gate_(gate), can_warm_up_(can_warm_up) {}
  const SessionInfo& info() const override { return info_; }
  std::vector<at::Tensor> infer(const std::vector<at::Tensor>& inputs) const override {
    gate_.enter();
    const auto first = static_cast<int>(inputs[0].const_data_ptr<float>()[0]);
    const Problem problem{"input 'x'", "is too strange", "a plain one", "fix", ""};
    if (first == -1) throw Error(ErrorKind::kInput, problem);
    if (first == -2) throw Error(ErrorKind::kInternal, problem);
    if (first == -3) throw std::bad_alloc();
    if (first == -4) throw std::runtime_error("/secret/path");
    const int64_t rows = inputs[0].size(0);
    return {at::full({rows, 3}, 0.5), at::full({rows}, 7, at::kLong)};
  }
  void warm_up() const override {
    ++warmed_up;
    if (!can_warm_up_) throw std::runtime_error("cold");
  }
  static inline std::atomic<int> warmed_up{0};

 private:
  Gate& gate_;
  bool can_warm_up_;
  SessionInfo info_ = small_model();
};

ServeConfig one_worker() {
  ServeConfig config;
  config.port = 0;
  config.workers = 1;
  return config;
}

std::vector<std::unique_ptr<Session>> one_session(Gate& gate, bool can_warm_up = true) {
  std::vector<std::unique_ptr<Session>> sessions;
  sessions.push_back(std::make_unique<GatedSession>(gate, can_warm_up));
  return sessions;
}

class Serving {
 public:
  explicit Serving(const ServeConfig& config = one_worker())
      : server(config, one_session(gate), "1.2.3"),
        thread_([this] { server.run([this] { ready_.count_down(); }); }) {
    ready_.wait();
  }
  ~Serving() {
    gate.open();
    server.stop();
    server.stop();
  }
  uint16_t port() const { return server.port(); }
  TestAnswer ask(const std::string& request) const { return TestClient(port()).ask(request); }

  Gate gate;
  Server server;

 private:
  std::latch ready_{1};
  std::jthread thread_;
};

ServeConfig one_worker_one_place() {
  ServeConfig config = one_worker();
  config.queue_capacity = 1;
  return config;
}

// A request at work, one that waits in the only place, and one that found none: which of two
// clients got the place is seen by who is answered.
struct FullQueue {
  Serving serving{one_worker_one_place()};
  TestClient busy{serving.port()}, one{serving.port()}, two{serving.port()};
  TestClient *refused = nullptr, *waiting = nullptr;

  FullQueue() {
    busy.send(infer());
    serving.gate.wait_for(1);
    one.send(infer());
    two.send(infer());
    pollfd sockets[] = {{one.socket(), POLLIN, 0}, {two.socket(), POLLIN, 0}};
    ::poll(sockets, 2, 20'000);
    const bool first = sockets[0].revents != 0;
    refused = first ? &one : &two;
    waiting = first ? &two : &one;
  }
};

TEST(Server, AnswersHealthAndMetadata) {
  const Serving serving;
  const std::pair<const char*, const char*> answers[] = {
      {"/v2/health/live", R"({"live":true})"},
      {"/v2/health/ready", R"({"ready":true})"},
      {"/v2/models/net/ready", R"({"name":"net","ready":true})"},
      {"/v2/models/net/versions/1/ready", R"({"name":"net","ready":true})"},
      {"/v2",
       R"({"name":"maas","version":"1.2.3","extensions":["classification","binary_tensor_data",)"
       R"("model_configuration","model_repository","statistics","trace","logging"]})"},
  };
  for (const auto& [path, body] : answers) {
    const TestAnswer answer = serving.ask(get(path));
    EXPECT_EQ(answer.status, 200) << path;
    EXPECT_EQ(answer.body, body);
    EXPECT_TRUE(answer.has("Content-Type: application/json\r\n"));
  }
  for (const char* path : {"/v2/models/net", "/v2/models/net/versions/1"}) {
    EXPECT_EQ(serving.ask(get(path)).body, model_metadata(small_model(), {"1"}));
  }
}

TEST(Server, KnowsItsModelOnly) {
  const Serving serving;
  for (const char* path : {"/v2/models/other", "/v2/models/other/ready", "/v2/models/Net"}) {
    const TestAnswer answer = serving.ask(get(path));
    EXPECT_EQ(answer.status, 404);
    EXPECT_THAT(answer.body, HasSubstr("this server has 'net'"));
  }
  EXPECT_THAT(serving.ask(get("/v2/models/net/versions/2")).body,
              HasSubstr("no model 'net' of this version"));
  EXPECT_EQ(serving.ask(post("/v2/models/other/infer", "{}")).status, 404);
}

TEST(Server, InfersAndRefusesInOneFormOfError) {
  Serving serving;
  serving.gate.open();
  const TestAnswer answer = serving.ask(infer(R"(,"id":"7")"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"model_name":"net","model_version":"1","id":"7","outputs":[)"
                         R"({"name":"y","datatype":"FP32","shape":[1,3],"data":[0.5,0.5,0.5]},)"
                         R"({"name":"n","datatype":"INT64","shape":[1],"data":[7]}]})");
  const TestAnswer bad = serving.ask(post(kInfer, "{"));
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(bad.body, R"({"error":"body is not JSON at byte 1; expected JSON"})");
  EXPECT_FALSE(bad.has("Connection: close"));
}

// H12, H13
TEST(Server, RefusesWhatTheRouterAndTheHeadersSay) {
  const Serving serving;
  const TestAnswer wrong = serving.ask(get(kInfer));
  EXPECT_EQ(wrong.status, 405);
  EXPECT_TRUE(wrong.has("Allow: POST\r\n"));
  EXPECT_EQ(wrong.body, R"({"error":"method not allowed"})");
  EXPECT_EQ(serving.ask(get("/nothing")).status, 404);
  EXPECT_EQ(serving.ask("OPTIONS /v2 HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 405);
  EXPECT_EQ(serving.ask("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 405);
  EXPECT_EQ(serving.ask("TRACE /v2 HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 405);
  EXPECT_EQ(serving.ask("CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 405);
  const auto typed = [](const std::string& header) {
    return "POST " + std::string(kInfer) + " HTTP/1.1\r\nHost: localhost\r\n" + header +
           "Content-Length: 2\r\n\r\n{}";
  };
  EXPECT_THAT(serving.ask(typed("Content-Type: text/plain\r\n")).body,
              HasSubstr("the Content-Type must be application/json"));
  EXPECT_EQ(serving.ask(typed("Content-Type: text/plain\r\n")).status, 415);
  EXPECT_EQ(serving.ask(typed("")).status, 400);  // taken, and read
  EXPECT_EQ(serving.ask(typed("Content-Type: application/octet-stream\r\n")).status, 400);
  EXPECT_EQ(serving.ask(typed("Origin: https://evil\r\n")).status, 403);
}

TEST(Server, TellsTheClientOnlyWhatIsTheClientsFault) {
  Serving serving;
  serving.gate.open();
  const auto ask = [&](int first) {
    return serving.ask(
        post(kInfer, request_json(input_json("FP32", "[1,2]", fmt::format("[{},0]", first)))));
  };
  EXPECT_EQ(ask(-1).status, 400);
  EXPECT_EQ(ask(-1).body, R"({"error":"input 'x' is too strange; expected a plain one"})");
  EXPECT_EQ(ask(-2).status, 500);
  EXPECT_EQ(ask(-3).status, 503);
  EXPECT_EQ(ask(-4).status, 500);
  EXPECT_EQ(ask(-4).body,
            R"({"error":"the model failed on this request; the server's log says why"})");
  EXPECT_EQ(ask(1).status, 200);
}

TEST(Server, WarmsUpEveryThreadBeforeItIsReady) {
  GatedSession::warmed_up = 0;
  ServeConfig config = one_worker();
  config.workers = 3;
  const Serving serving(config);
  EXPECT_EQ(GatedSession::warmed_up, 4);
  EXPECT_EQ(serving.server.workers(), 3);
}

TEST(Server, ThatCannotWarmUpSaysWhyInsteadOfServing) {
  Gate gate;
  Server server(one_worker(), one_session(gate, false), "1");
  EXPECT_THROW(server.run([] { FAIL() << "it is not ready"; }), std::runtime_error);
}

TEST(Server, AnswersHealthWhileEveryWorkerComputes) {
  Serving serving;
  TestClient busy(serving.port());
  busy.send(infer());
  serving.gate.wait_for(1);
  EXPECT_EQ(serving.ask(get("/v2/health/ready")).status, 200);
  serving.gate.open();
  EXPECT_EQ(busy.receive().status, 200);
}

TEST(Server, AFullQueueIs503WithATimeToComeBack) {
  FullQueue full;
  const TestAnswer answer = full.refused->receive();
  EXPECT_EQ(answer.status, 503);
  EXPECT_TRUE(answer.has("Retry-After: 1\r\n"));
  EXPECT_THAT(answer.body, HasSubstr("too many requests are waiting"));
  EXPECT_FALSE(answer.has("Connection: close"));
  full.serving.gate.open();
  EXPECT_EQ(full.busy.receive().status, 200);
  EXPECT_EQ(full.waiting->receive().status, 200);
  EXPECT_EQ(full.refused->ask(infer()).status, 200);
}

// O04
TEST(Server, ARequestThatWaitedTooLongIs504AndNotComputed) {
  ServeConfig config = one_worker();
  config.request_timeout = {0.2, "s"};
  Serving serving(config);
  TestClient busy(serving.port()), late(serving.port());
  busy.send(infer());
  serving.gate.wait_for(1);
  const TestAnswer answer = late.ask(infer());
  EXPECT_EQ(answer.status, 504);
  EXPECT_THAT(answer.body, HasSubstr("waited too long for a worker"));
  serving.gate.open();
  EXPECT_EQ(busy.receive().status, 200);
  EXPECT_EQ(late.ask(infer()).status, 200);
  EXPECT_EQ(serving.gate.entered(), 2);
}

TEST(Server, ATimeoutThatTheClientAskedForIsKept) {
  Serving serving;
  serving.gate.open();
  const TestAnswer answer = serving.ask(infer(R"(,"parameters":{"timeout":1})"));
  EXPECT_EQ(answer.status, 504);
  EXPECT_THAT(answer.body, HasSubstr("longer than its timeout allows"));
  EXPECT_EQ(serving.gate.entered(), 0);
  EXPECT_EQ(serving.ask(infer(R"(,"parameters":{"timeout":60000000})")).status, 200);
}

// A job that has waited runs on the thread of the one before it, which must not hold up that one's
// connection.
TEST(Server, AConnectionGoesOnWhileItsThreadComputesForAnother) {
  FullQueue full;
  full.serving.gate.let_one_through();
  EXPECT_EQ(full.busy.receive().status, 200);
  full.serving.gate.wait_for(2);
  EXPECT_EQ(full.busy.ask(get("/v2/health/live")).status, 200);
  full.serving.gate.open();
  EXPECT_EQ(full.waiting->receive().status, 200);
}

// H05
TEST(Server, DoesNotComputeForAClientThatHasGone) {
  FullQueue full;
  full.waiting->close();
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  full.serving.gate.open();
  EXPECT_EQ(full.busy.receive().status, 200);
  // The one that has gone holds the only place until the worker looks at it.
  EXPECT_TRUE(eventually([&] { return full.busy.ask(infer()).status == 200; }));
  EXPECT_EQ(full.serving.gate.entered(), 2);
}

TEST(Server, StopsByFinishingWhatIsInFlightAndTakingNothingNew) {
  Serving serving;
  TestClient busy(serving.port()), queued(serving.port());
  busy.send(infer());
  serving.gate.wait_for(1);
  queued.send(infer());
  EXPECT_EQ(serving.ask(get("/v2/health/live")).status, 200);
  serving.server.stop();
  EXPECT_TRUE(eventually([&] { return !TestClient(serving.port()).connected(); }));
  serving.gate.open();
  const TestAnswer answer = busy.receive();
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.has("Connection: close"));
  EXPECT_EQ(queued.receive().status, 200);
}

TEST(Server, IsNotReadyWhileItWaitsToStop) {
  ServeConfig config = one_worker();
  config.drain_delay = {3600, "s"};
  Serving serving(config);
  serving.gate.open();
  serving.server.stop();
  EXPECT_EQ(serving.ask(get("/v2/health/ready")).status, 503);
  EXPECT_EQ(serving.ask(get("/v2/health/ready")).body, R"({"ready":false})");
  EXPECT_EQ(serving.ask(get("/v2/models/net/ready")).status, 503);
  EXPECT_EQ(serving.ask(get("/v2/health/live")).status, 200);
  EXPECT_EQ(serving.ask(infer()).status, 200);
}

TEST(Server, ASecondStopDropsWhatStillWaits) {
  auto serving = std::make_unique<Serving>();
  TestClient busy(serving->port()), queued(serving->port());
  busy.send(infer());
  serving->gate.wait_for(1);
  queued.send(infer());
  EXPECT_EQ(serving->ask(get("/v2/health/live")).status, 200);
  serving->server.stop();
  serving->server.stop();
  serving.reset();  // lets the worker end
  EXPECT_EQ(queued.receive().status, 0);
}

}  // namespace
}  // namespace maas
