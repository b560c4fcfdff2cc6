// The service that a list of routes makes.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "http/exchange.h"
#include "http/router.h"

namespace maas {

// admit() finds the route and asks it; serve() calls its handler.
class RoutedService final : public HttpService {
 public:
  explicit RoutedService(std::vector<Route> routes) : routes_(std::move(routes)) {}
  HttpRefusal admit(HttpExchange& exchange) override;
  void serve(std::shared_ptr<HttpExchange> exchange) override;

 private:
  const std::vector<Route> routes_;
};

}  // namespace maas
