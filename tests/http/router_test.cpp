#include "http/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maas {
namespace {

using testing::HasSubstr;
using namespace std::string_literals;

RouteRefusal refusal(std::string_view method, std::string_view path) {
  RouteMatch match;
  return find_route(method, path, match);
}

TEST(Router, FindsEveryRouteByItsOwnPattern) {
  for (const Route& route : routes()) {
    std::string path(route.pattern);
    for (const auto& [from, to] :
         {std::pair{"{model}"s, "m-1.x"s}, std::pair{"{version}"s, "1"s}}) {
      if (const size_t at = path.find(from); at != std::string::npos) {
        path.replace(at, from.size(), to);
      }
    }
    RouteMatch match;
    EXPECT_EQ(find_route(route.method, path, match).status, 0) << path;
    ASSERT_NE(match.route, nullptr) << path;
    EXPECT_EQ(match.route->action, route.action) << path;
    EXPECT_EQ(match.route->pattern, route.pattern);
  }
}

TEST(Router, TellsModelAndVersion) {
  const std::string path = "/v2/models/net-1.0/versions/3/infer";
  RouteMatch match;
  EXPECT_EQ(find_route("POST", path, match).status, 0);
  EXPECT_EQ(match.model, "net-1.0");
  EXPECT_EQ(match.version, "3");
}

TEST(Router, AnswersHeadWhereverGet) {
  for (const Route& route : routes()) {
    if (route.pattern.find('{') != std::string_view::npos) continue;
    EXPECT_EQ(refusal("HEAD", route.pattern).status, 0);
  }
  EXPECT_EQ(refusal("HEAD", "/v2/models/m/infer").status, 405);
}

TEST(Router, NamesTheMethodsThatExist) {
  EXPECT_EQ(refusal("DELETE", "/v2").status, 405);
  EXPECT_EQ(refusal("DELETE", "/v2").allow, "GET, HEAD");
  EXPECT_EQ(refusal("GET", "/v2/models/m/infer").allow, "POST");
  EXPECT_EQ(refusal("OPTIONS", "/v2").status, 405);
  EXPECT_EQ(refusal("OPTIONS", "*").status, 405);
  EXPECT_EQ(refusal("TRACE", "/v2").status, 405);
  EXPECT_EQ(refusal("CONNECT", "evil.com:443").status, 405);
  EXPECT_FALSE(refusal("CONNECT", "evil.com:443").allow.empty());
}

TEST(Router, RefusesWhatIsNotInTheTable) {
  for (const char* path : {"/", "/v1", "/v2/", "/v2/models", "/v2/models/", "/v2/models//infer",
                           "/v2/models/m/", "/v2/models/m/infer/x", "/v2/health", "/v3/health/live",
                           "/v2/models/m/versions/1/x", "/v2/repository/index", "/favicon.ico"}) {
    EXPECT_EQ(refusal("GET", path).status, 404) << path;
    EXPECT_EQ(refusal("GET", path).message, "not found");
  }
}

TEST(Router, RefusesPathTricksBeforeMatching) {
  const std::string long_name(300, 'a');
  for (const std::string& name :
       {"..%2f..%2fetc"s, "%252e"s, "a\\b"s, "%00"s, "\xC0\xAE"s, "caf\xC3\xA9"s, "m."s, "m "s,
        ".."s, "."s, long_name, "m;x"s, "m:1"s, "m\0"s, "m\n"s, "m'"s}) {
    const RouteRefusal found = refusal("POST", "/v2/models/" + name + "/infer");
    EXPECT_EQ(found.status, 400) << name;
    EXPECT_THAT(found.message, HasSubstr("the path holds other characters"));
  }
  for (const char* path : {"", "v2", "*x", "http:/v2"}) EXPECT_EQ(refusal("GET", path).status, 400);
}

TEST(Router, ASegmentMayHaveTheLengthOfAModelName) {
  const std::string name(128, 'a');
  EXPECT_EQ(refusal("GET", "/v2/models/" + name).status, 0);
  EXPECT_EQ(refusal("GET", "/v2/models/" + name + "a").status, 400);
}

}  // namespace
}  // namespace maas
