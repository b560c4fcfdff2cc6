// A listener with a service that shows what the listener does.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "http/listener.h"
#include "http/test_client.h"

namespace maas {

// /refused is not admitted (401); /large answers so many bytes as the body says; /hold is answered
// by release(); everything else gets its body back.
class EchoService final : public HttpService {
 public:
  HttpRefusal admit(HttpExchange& exchange) override {
    ++admitted;
    if (exchange.head.path() == "/refused") return {401, "not for you"};
    return {};
  }

  void serve(std::shared_ptr<HttpExchange> exchange) override {
    ++served;
    if (exchange->head.path() == "/hold") return hold(std::move(exchange));
    std::string body = exchange->body;
    if (exchange->head.path() == "/large") {
      body.assign(std::stoul(exchange->body), 'x');
      const std::lock_guard lock(mutex_);
      last_ = exchange;
      has_last_ = true;
    }
    exchange->send(200, std::move(body));
  }

  // Waits for a request to /hold.
  std::shared_ptr<HttpExchange> held() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return held_ != nullptr; });
    return held_;
  }
  void release() {
    const auto exchange = held();
    {
      const std::lock_guard lock(mutex_);
      held_.reset();
    }
    exchange->send(200, "");
  }
  // Lets go of what is held, unanswered.
  void forget() {
    const std::lock_guard lock(mutex_);
    held_.reset();
  }
  // Waits for a request to /large and then until its connection is gone.
  void wait_until_gone() {
    while (true) {
      {
        const std::lock_guard lock(mutex_);
        if (has_last_ && last_.expired()) return;
      }
      std::this_thread::yield();
    }
  }

  std::atomic<int> admitted{0}, served{0};

 private:
  void hold(std::shared_ptr<HttpExchange> exchange) {
    const std::lock_guard lock(mutex_);
    held_ = std::move(exchange);
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<HttpExchange> held_;
  std::weak_ptr<HttpExchange> last_;
  bool has_last_ = false;
};

inline HttpConfig quick_config() {
  HttpConfig config;
  config.port = 0;
  return config;
}

class Listening {
 public:
  explicit Listening(const HttpConfig& config = quick_config()) : listener(config, service) {
    for (int i = 0; i < 2; ++i) threads_.emplace_back([this] { listener.run(); });
    listener.start([] {});
  }
  ~Listening() {
    listener.stop();
    threads_.clear();
    service.forget();
  }

  uint16_t port() const { return listener.port(); }

  EchoService service;
  HttpListener listener;

 private:
  std::vector<std::jthread> threads_;
};

}  // namespace maas
