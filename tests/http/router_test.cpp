#include "http/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/recorded_exchange.h"

namespace maas {
namespace {

using testing::HasSubstr;
using namespace std::string_literals;

void answer_nothing(const std::shared_ptr<HttpExchange>&) {}

const std::vector<Route>& routes() {
  static const std::vector<Route> list = {
      {"GET", "/shop", RouteScope::kPublic, answer_nothing},
      {"GET", "/shop/open", RouteScope::kPublic, answer_nothing},
      {"GET", "/shop/{kind}", RouteScope::kPublic, answer_nothing},
      {"POST", "/shop/{kind}/buy", RouteScope::kInfer, answer_nothing},
      {"POST", "/shop/{kind}:sell", RouteScope::kInfer, answer_nothing},
      {"POST", "/shop/{kind}/sizes/{size}:sell", RouteScope::kInfer, answer_nothing},
      {"GET", "/shop/{kind}/{size}/{colour}/x/{place}", RouteScope::kAdmin, answer_nothing},
      {"DELETE", "/shop/{kind}/{size}/{colour}/x/{place}", RouteScope::kAdmin, answer_nothing},
  };
  return list;
}

HttpRefusal refusal(std::string_view method, std::string_view path) {
  RouteMatch match;
  return find_route(routes(), method, path, match);
}

RouteMatch found(std::string_view method, std::string_view path) {
  RouteMatch match;
  EXPECT_EQ(find_route(routes(), method, path, match).status, 0) << path;
  return match;
}

TEST(Router, FindsEveryRouteByItsOwnPattern) {
  for (const Route& route : routes()) {
    std::string path(route.pattern);
    for (size_t at; (at = path.find_first_of("{}")) != std::string::npos;) path.erase(at, 1);
    const RouteMatch match = found(route.method, path);
    EXPECT_EQ(match.route, &route) << path;
  }
}

TEST(Router, TellsWhatThePathHasForEachName) {
  const RouteMatch match = found("GET", "/shop/hat-1.0/8/red/x/left");
  EXPECT_EQ(match["kind"], "hat-1.0");
  EXPECT_EQ(match["size"], "8");
  EXPECT_EQ(match["colour"], "red");
  EXPECT_EQ(match["place"], "left");
  EXPECT_EQ(match["other"], "");
  EXPECT_EQ(match[""], "");
  EXPECT_EQ(found("GET", "/shop")["kind"], "");
  EXPECT_EQ(found("GET", "/shop/hat")["size"], "");  // of no other pattern that was tried
}

TEST(Router, TakesTheFirstRouteThatFits) {
  EXPECT_EQ(found("GET", "/shop/open")["kind"], "");
  EXPECT_EQ(found("GET", "/shop/opened")["kind"], "opened");
}

TEST(Router, ForgetsAnEarlierMatch) {
  RouteMatch match = found("GET", "/shop/hat");
  EXPECT_EQ(find_route(routes(), "GET", "/nothing", match).status, 404);
  EXPECT_EQ(match.route, nullptr);
  EXPECT_EQ(match["kind"], "");
}

TEST(Router, AnswersHeadWhereverGet) {
  EXPECT_EQ(found("HEAD", "/shop").route, routes().data());
  EXPECT_EQ(refusal("HEAD", "/shop/hat/buy").status, 405);
}

TEST(Router, NamesTheMethodsThatExist) {
  EXPECT_EQ(refusal("DELETE", "/shop").status, 405);
  EXPECT_EQ(refusal("DELETE", "/shop").message, "method not allowed");
  EXPECT_EQ(refusal("DELETE", "/shop").headers.allow, "GET, HEAD");
  EXPECT_EQ(refusal("GET", "/shop/hat/buy").headers.allow, "POST");
  EXPECT_EQ(refusal("POST", "/shop/a/b/c/x/d").headers.allow, "GET, HEAD, DELETE");
  EXPECT_EQ(refusal("OPTIONS", "/shop").status, 405);
  EXPECT_EQ(refusal("OPTIONS", "*").status, 405);
  EXPECT_EQ(refusal("TRACE", "/shop").status, 405);
  EXPECT_EQ(refusal("CONNECT", "evil.com:443").status, 405);
  EXPECT_FALSE(refusal("CONNECT", "evil.com:443").headers.allow.empty());
}

TEST(Router, RefusesWhatIsNotInTheTable) {
  for (const char* path : {"/", "/sho", "/shop/", "/shop//buy", "/shop/hat/", "/shop/hat/buy/x",
                           "/shops", "/shop/{kind", "/favicon.ico"}) {
    const HttpRefusal refused = refusal("GET", path);
    EXPECT_EQ(refused.status, path == "/shop/{kind"s ? 400 : 404) << path;
  }
  EXPECT_EQ(refusal("GET", "/favicon.ico").message, "not found");
}

TEST(Router, RefusesPathTricksBeforeMatching) {
  const std::string long_name(300, 'a');
  for (const std::string& name :
       {"..%2f..%2fetc"s, "%252e"s, "a\\b"s, "%00"s, "\xC0\xAE"s, "caf\xC3\xA9"s, "m."s, "m "s,
        ".."s, "."s, long_name, "m;x"s, "m:1"s, "m\0"s, "m\n"s, "m'"s}) {
    const HttpRefusal refused = refusal("POST", "/shop/" + name + "/buy");
    EXPECT_EQ(refused.status, 400) << name;
    EXPECT_THAT(refused.message, HasSubstr("the path holds other characters"));
  }
  for (const char* path : {"", "shop", "*x", "http:/shop"}) {
    EXPECT_EQ(refusal("GET", path).status, 400);
  }
}

TEST(Router, APathMayEndInAVerb) {
  EXPECT_EQ(found("POST", "/shop/hat-1.0:sell")["kind"], "hat-1.0");
  const RouteMatch match = found("POST", "/shop/hat/sizes/8:sell");
  EXPECT_EQ(match["kind"], "hat");
  EXPECT_EQ(match["size"], "8");
  EXPECT_EQ(refusal("GET", "/shop/hat:sell").status, 405);
  EXPECT_EQ(refusal("GET", "/shop/hat:sell").headers.allow, "POST");
}

TEST(Router, AVerbIsNoPartOfAName) {
  for (const char* path : {"/shop/hat:paint", "/shop/hat:sel", "/shop/hat:sell2", "/shop:sell",
                           "/shop/hat/sizes/8:buy", "/shop/hat:SELL"}) {
    EXPECT_EQ(refusal("POST", path).status, 404) << path;
    EXPECT_EQ(refusal("GET", path).status, 404) << path;
  }
  for (const char* path :
       {"/shop/:sell", "/shop/hat:", "/shop/:", "/:", "/shop/hat:sell:sell", "/shop/hat::sell",
        "/shop/hat:sell/", "/shop/hat:sell/x", "/shop/hat:sell/sizes/8:sell", "/shop/..:sell",
        "/shop/.:sell", "/shop/hat:..", "/shop/hat:.", "/shop/hat.:sell", "/shop/hat%3Asell",
        "/shop/c:\\sell", "/shop:1/hat"}) {
    EXPECT_EQ(refusal("POST", path).status, 400) << path;
  }
}

TEST(Router, ASegmentMayHave128Bytes) {
  const std::string name(128, 'a');
  EXPECT_EQ(refusal("GET", "/shop/" + name).status, 0);
  EXPECT_EQ(refusal("GET", "/shop/" + name + "a").status, 400);
}

}  // namespace
}  // namespace maas
