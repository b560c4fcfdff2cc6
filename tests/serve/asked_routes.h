// Routes over one model, asked without listener and threads.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "http/recorded_exchange.h"
#include "http/routed_service.h"
#include "serve/server_state.h"

namespace maas {

class AskedRoutes {
 public:
  using Headers = std::map<std::string, std::string>;
  using MakeRoutes = std::vector<Route> (*)(const ServerState&);

  AskedRoutes(const std::shared_ptr<const Session>& session, MakeRoutes routes)
      : repository({ServedModel{
            session,
            std::make_shared<Batcher>(
                session, BatcherLimits{.slots = 1, .capacity = 0},
                Batcher::Threads{[](ServeClock::duration, const std::function<void()>&) {}})}}),
        service(routes(state)) {}

  HttpResponse ask(std::shared_ptr<RecordedExchange> exchange) {
    if (HttpRefusal refusal = service.admit(*exchange); refusal.status != 0) {
      exchange->response.set_error(std::move(refusal));
      return exchange->response;
    }
    exchange->body.reserve(exchange->body.size() + 64);
    service.serve(exchange);
    EXPECT_EQ(exchange->ended, 1);
    return exchange->response;
  }
  HttpResponse get(const std::string& path) {
    return ask(std::make_shared<RecordedExchange>("GET", path));
  }
  HttpResponse post(const std::string& path, const std::string& body, Headers headers = {},
                    const std::string& method = "POST") {
    auto exchange = std::make_shared<RecordedExchange>(method, path, std::move(headers));
    exchange->body = body;
    return ask(std::move(exchange));
  }

  std::atomic<bool> ready{true};
  Repository repository;
  ServerState state{repository, ready, "1.2.3", 4, std::chrono::seconds(60)};
  RoutedService service;
};

}  // namespace maas
