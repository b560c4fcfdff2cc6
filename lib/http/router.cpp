#include "http/router.h"

#include <algorithm>

namespace maas {
namespace {

constexpr Route kRoutes[] = {
    {"GET", "/v2/health/live", RouteScope::kPublic, RouteAction::kLive},
    {"GET", "/v2/health/ready", RouteScope::kPublic, RouteAction::kReady},
    {"GET", "/v2", RouteScope::kPublic, RouteAction::kServerMetadata},
    {"GET", "/v2/models/{model}", RouteScope::kPublic, RouteAction::kModelMetadata},
    {"GET", "/v2/models/{model}/ready", RouteScope::kPublic, RouteAction::kModelReady},
    {"POST", "/v2/models/{model}/infer", RouteScope::kInfer, RouteAction::kInfer},
    {"GET", "/v2/models/{model}/versions/{version}", RouteScope::kPublic,
     RouteAction::kModelMetadata},
    {"GET", "/v2/models/{model}/versions/{version}/ready", RouteScope::kPublic,
     RouteAction::kModelReady},
    {"POST", "/v2/models/{model}/versions/{version}/infer", RouteScope::kInfer,
     RouteAction::kInfer},
};

constexpr size_t kMaxSegmentBytes = 128;

// Takes the first segment off "/a/b/c".
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const size_t end = std::min(path.find('/'), path.size());
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(end);
  return segment;
}

bool is_plain_path(std::string_view path) {
  if (path.empty() || path[0] != '/') return false;
  while (!path.empty()) {
    const std::string_view segment = take_segment(path);
    const bool plain = std::all_of(segment.begin(), segment.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '.' || c == '_' || c == '-' || c == '~';
    });
    if (!plain || segment.size() > kMaxSegmentBytes || segment.ends_with('.')) return false;
  }
  return true;
}

bool matches(std::string_view pattern, std::string_view path, RouteMatch& match) {
  RouteMatch found;
  while (!pattern.empty() && !path.empty()) {
    const std::string_view want = take_segment(pattern);
    const std::string_view have = take_segment(path);
    if (want == "{model}" && !have.empty()) {
      found.model = have;
    } else if (want == "{version}" && !have.empty()) {
      found.version = have;
    } else if (want != have) {
      return false;
    }
  }
  if (!pattern.empty() || !path.empty()) return false;
  match.model = found.model;
  match.version = found.version;
  return true;
}

}  // namespace

std::span<const Route> routes() { return kRoutes; }

RouteRefusal find_route(std::string_view method, std::string_view path, RouteMatch& match) {
  match = RouteMatch{};
  if (method == "CONNECT" || method == "TRACE" || path == "*") {
    return {405, "GET, HEAD, POST", "method not allowed"};
  }
  if (!is_plain_path(path)) {
    return {400, "",
            "the path holds other characters than letters, digits and . _ - ~, ends a segment with "
            "a dot, or has a segment of more than 128 bytes"};
  }
  const std::string_view wanted = method == "HEAD" ? std::string_view("GET") : method;
  std::string allow;
  for (const Route& route : kRoutes) {
    if (!matches(route.pattern, path, match)) continue;
    if (route.method == wanted) {
      match.route = &route;
      return {};
    }
    if (!allow.empty()) allow += ", ";
    allow += route.method == "GET" ? "GET, HEAD" : route.method;
  }
  if (allow.empty()) return {404, "", "not found"};
  return {405, std::move(allow), "method not allowed"};
}

}  // namespace maas
