// Which requests exist. Everything not in the table is refused.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace maas {

enum class RouteScope { kPublic, kInfer, kMetrics, kAdmin };  // what a caller must be allowed to do

enum class RouteAction { kLive, kReady, kServerMetadata, kModelMetadata, kModelReady, kInfer };

struct Route {
  std::string_view method;
  std::string_view pattern;  // "/v2/models/{model}/infer"; a {segment} matches one whole segment
  RouteScope scope;
  RouteAction action;
};

std::span<const Route> routes();

struct RouteMatch {
  const Route* route = nullptr;
  std::string_view model, version;  // of the path given to find_route; "" = not in the pattern
};

struct RouteRefusal {
  int status = 0;     // 400, 404 or 405; 0 = found
  std::string allow;  // with 405: the methods that exist here
  std::string_view message;
};

// `path` is a request path without query. HEAD is answered wherever GET is. Paths with escapes,
// backslashes, empty or dot segments and other bytes than unreserved ones are refused with 400
// before matching: no name that this server knows needs them.
RouteRefusal find_route(std::string_view method, std::string_view path, RouteMatch& match);

}  // namespace maas
