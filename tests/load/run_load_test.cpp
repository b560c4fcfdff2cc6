#include "load/run_load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "load/http_call.h"
#include "load/raw_server.h"

namespace maas {
namespace {

LoadPlan quick(Arrivals arrivals = Arrivals::kClosed, double rate = 0) {
  LoadPlan plan;
  plan.arrivals = arrivals;
  plan.rate = rate;
  plan.connections = arrivals == Arrivals::kClosed ? 2 : 50;
  plan.warmup_seconds = 0.02;
  plan.seconds = 0.2;
  plan.timeout_seconds = 20;
  return plan;
}

std::string request_to(const RawServer& server) {
  return make_request(server.endpoint, "POST", "/x", {}, "{}");
}

LoadResult load(const RawServer& server, const LoadPlan& plan) {
  return run_load(server.endpoint, request_to(server), plan);
}

// What a server of this kind is blamed for.
std::string blamed(const RawServer::Handle& handle, LoadPlan plan = quick()) {
  const RawServer server(handle);
  const LoadResult result = load(server, plan);
  EXPECT_EQ(result.good, 0);
  EXPECT_GT(result.errors(), 0);
  return result.failures.empty() ? "" : result.failures.begin()->first;
}

TEST(RunLoad, CountsAnswersAndTheirTimes) {
  const RawServer server(always(answer_with("hello")));
  for (const LoadPlan& plan :
       {quick(), quick(Arrivals::kConstant, 200), quick(Arrivals::kPoisson, 200)}) {
    const LoadResult result = load(server, plan);
    EXPECT_GT(result.good, 0);
    EXPECT_EQ(result.good, result.sent);
    EXPECT_EQ(result.latency.count(), result.good);
    EXPECT_LE(result.good_in_time, result.good);
    EXPECT_EQ(result.bytes_in, 5 * result.good);
    EXPECT_EQ(result.errors(), 0);
  }
}

TEST(RunLoad, AConstantRateIsWhatWasAsked) {
  const RawServer server(always(answer_with("")));
  const LoadResult result = load(server, quick(Arrivals::kConstant, 100));
  EXPECT_GE(result.sent, 19);
  EXPECT_LE(result.sent, 21);
  EXPECT_EQ(result.lateness.count(), result.sent);
}

// The server answers nothing for a while: whoever wanted to send meanwhile has waited.
TEST(RunLoad, TimesCountFromWhenARequestWasToBeSent) {
  std::atomic<bool> first{true};
  const RawServer server([&](RawConnection& connection) {
    while (!connection.request().empty()) {
      if (first.exchange(false)) std::this_thread::sleep_for(std::chrono::milliseconds(100));
      if (!connection.send(answer_with(""))) return;
    }
  });
  LoadPlan plan = quick(Arrivals::kConstant, 200);
  plan.connections = 1;
  plan.warmup_seconds = 0;
  const LoadResult result = load(server, plan);
  EXPECT_EQ(result.good, result.sent);
  // Half of the requests came within those 100 ms; the first waited for all of them.
  EXPECT_GE(result.latency.max(), std::chrono::milliseconds(90));
  EXPECT_GE(result.latency.quantile(0.75), std::chrono::milliseconds(30));
}

TEST(RunLoad, OtherStatusesAreNoGoodAnswers) {
  const RawServer server(always(answer_with("", "503 Service Unavailable")));
  const LoadResult result = load(server, quick());
  EXPECT_EQ(result.good, 0);
  EXPECT_EQ(result.bad.at(503), result.errors());
  EXPECT_EQ(result.latency.count(), 0);
}

TEST(RunLoad, GoesOnWithANewConnectionAfterOneThatCloses) {
  const RawServer server([](RawConnection& connection) {
    connection.request();
    connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end");
  });
  const LoadResult result = load(server, quick());
  EXPECT_GT(result.good, 2);
  EXPECT_EQ(result.errors(), 0);
}

TEST(RunLoad, OutlivesEveryBadServer) {
  EXPECT_EQ(blamed([](RawConnection&) {}), "closed");
  EXPECT_EQ(blamed([](RawConnection& connection) {
              connection.request();
              connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
            }),
            "closed in the middle of an answer");
  EXPECT_EQ(blamed(always("SSH-2.0-OpenSSH_9.2\r\n\r\n")), "no HTTP");
  EXPECT_EQ(blamed(always("HTTP/1.1 200 OK\r\nX: " + std::string(1 << 20, 'x'))),
            "too large an answer");
}

TEST(RunLoad, WhatComesBeforeAnAnswerIsNone) {
  const RawServer server(
      always("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" +
             answer_with("hello")));
  const LoadResult result = load(server, quick());
  EXPECT_GT(result.good, 0);
  EXPECT_EQ(result.errors(), 0);
  EXPECT_EQ(result.bytes_in, 5 * result.good);
  EXPECT_EQ(call(server.endpoint, request_to(server), 20).body, "hello");
}

// It goes on to read answers, and does not send for hours what nobody waits for.
TEST(RunLoad, ARateBeyondThisClientIsVoidAndEnds) {
  const RawServer server(always(answer_with("")));
  LoadPlan plan = quick(Arrivals::kPoisson, 1e7);
  plan.warmup_seconds = 0;
  plan.seconds = 0.5;
  plan.timeout_seconds = 2;
  const auto start = std::chrono::steady_clock::now();
  const LoadResult result = load(server, plan);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(15));
  EXPECT_GT(result.good, 0);
  EXPECT_GT(result.sent, 4'000'000);
  EXPECT_EQ(result.sent, result.good + result.errors());
  EXPECT_NE(result.why_void(), "");
}

TEST(RunLoad, EndsWhenItIsTold) {
  const RawServer server([](RawConnection& connection) {
    while (!connection.request().empty()) {
    }
  });
  std::atomic<int> stop{0};
  LoadPlan plan = quick();
  plan.seconds = 1000;
  plan.stop = &stop;
  std::thread teller([&stop] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    stop = 2;
  });
  load(server, plan);
  teller.join();
  EXPECT_EQ(stop, 2);
}

TEST(RunLoad, DoesNotWaitForASlowServerBeyondTheTimeout) {
  LoadPlan plan = quick();
  plan.timeout_seconds = 0.05;
  EXPECT_EQ(blamed(
                [](RawConnection& connection) {
                  while (!connection.request().empty()) {
                  }
                },
                plan),
            "timed out");
  EXPECT_EQ(blamed(always("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"), plan), "timed out");
  plan.arrivals = Arrivals::kConstant;
  plan.rate = 100;
  plan.connections = 1;  // the others wait for it
  const RawServer server([](RawConnection& connection) {
    while (!connection.request().empty()) {
    }
  });
  const LoadResult result = load(server, plan);
  EXPECT_EQ(result.failures.at("timed out"), result.sent);
}

TEST(RunLoad, KeepsNoAnswerHoweverLongItIs) {
  LoadPlan plan = quick();
  plan.max_answer_bytes = 1000;
  EXPECT_EQ(blamed(always(answer_with(std::string(1001, 'x'))), plan), "too large an answer");
  EXPECT_EQ(blamed(
                [](RawConnection& connection) {
                  connection.request();
                  connection.send("HTTP/1.1 200 OK\r\n\r\n");
                  while (connection.send(std::string(1 << 16, 'x'))) {
                  }
                },
                plan),
            "too large an answer");
}

TEST(RunLoad, SaysThatNobodyListens) {
  Endpoint endpoint;
  {
    const RawServer gone([](RawConnection&) {});
    endpoint = gone.endpoint;
  }
  const LoadResult result = run_load(endpoint, make_request(endpoint, "GET", "/", {}, ""), quick());
  EXPECT_EQ(result.good, 0);
  EXPECT_EQ(result.failures.at("not connected"), result.errors());
  EXPECT_LT(result.errors(), 1000);  // it does not knock all the time
}

TEST(LoadResult, OfAClientThatWasLateIsVoid) {
  LoadResult result;
  result.open_loop = true;
  for (int i = 0; i < 100; ++i) {
    result.latency.add(std::chrono::milliseconds(3));
    result.lateness.add(std::chrono::microseconds(900));
  }
  EXPECT_EQ(result.why_void(), "");
  for (int i = 0; i < 5; ++i) result.lateness.add(std::chrono::milliseconds(2));
  EXPECT_NE(result.why_void(), "");
  // Beside a latency of 100 ms that says little.
  for (int i = 0; i < 1000; ++i) result.latency.add(std::chrono::milliseconds(100));
  EXPECT_EQ(result.why_void(), "");
}

TEST(LoadResult, OfAClientThatWasAlwaysBusyIsVoid) {
  LoadResult result;
  result.client_busy = 0.99;
  EXPECT_NE(result.why_void(), "");
  result.client_busy = 0.5;
  EXPECT_EQ(result.why_void(), "");
}

}  // namespace
}  // namespace maas
