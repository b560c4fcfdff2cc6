// The service that a list of routes makes.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "http/exchange.h"
#include "http/router.h"

namespace maas {

// admit() finds the route and asks the gate and the route; serve() calls its handler.
class RoutedService final : public HttpService {
 public:
  // Asked for every request that has a route, before the route itself is.
  using Gate = std::function<HttpRefusal(HttpExchange&, RouteScope)>;

  explicit RoutedService(std::vector<Route> routes, Gate gate = {})
      : routes_(std::move(routes)), gate_(std::move(gate)) {}
  HttpRefusal admit(HttpExchange& exchange) override;
  void serve(std::shared_ptr<HttpExchange> exchange) override;

 private:
  const std::vector<Route> routes_;
  const Gate gate_;
};

}  // namespace maas
