#include "http/routed_service.h"

namespace maas {

HttpRefusal RoutedService::admit(HttpExchange& exchange) {
  HttpRefusal refusal =
      find_route(routes_, exchange.head.method, exchange.head.path(), exchange.route);
  if (refusal.status == 0 && gate_) refusal = gate_(exchange, exchange.route.route->scope);
  if (refusal.status != 0 || !exchange.route.route->admit) return refusal;
  return exchange.route.route->admit(exchange);
}

void RoutedService::serve(std::shared_ptr<HttpExchange> exchange) {
  const Route& route = *exchange->route.route;
  route.handle(std::move(exchange));
}

}  // namespace maas
