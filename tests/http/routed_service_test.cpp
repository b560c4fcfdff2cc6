#include "http/routed_service.h"

#include <gtest/gtest.h>

#include "http/recorded_exchange.h"

namespace maas {
namespace {

TEST(RoutedService, CallsTheHandlerOfTheRouteWithItsParameters) {
  RoutedService service({{"GET", "/hello/{name}", RouteScope::kPublic,
                          [](const std::shared_ptr<HttpExchange>& exchange) {
                            exchange->send(200, std::string(exchange->route["name"]));
                          }}});
  const auto exchange = std::make_shared<RecordedExchange>("GET", "/hello/you?x=1");
  EXPECT_EQ(service.admit(*exchange).status, 0);
  EXPECT_EQ(exchange->begun, 0);
  service.serve(exchange);
  EXPECT_EQ(exchange->response.body, "you");
  EXPECT_EQ(exchange->ended, 1);
  RecordedExchange other("GET", "/bye");
  EXPECT_EQ(service.admit(other).status, 404);
}

TEST(RoutedService, AsksTheRouteWhetherItTakesTheHead) {
  RoutedService service(
      {{"POST", "/in", RouteScope::kPublic, nullptr, [](const HttpExchange& exchange) {
          return exchange.header("Ticket") ? HttpRefusal{} : HttpRefusal{401, "no ticket"};
        }}});
  RecordedExchange with("POST", "/in", {{"ticket", ""}}), without("POST", "/in");
  EXPECT_EQ(service.admit(with).status, 0);
  EXPECT_EQ(service.admit(without).message, "no ticket");
}

}  // namespace
}  // namespace maas
