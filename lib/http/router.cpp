#include "http/router.h"

#include <algorithm>

namespace maas {
namespace {

constexpr size_t kMaxSegmentBytes = 128;

// Takes the first segment off "/a/b/c".
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const size_t end = std::min(path.find('/'), path.size());
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(end);
  return segment;
}

bool is_plain(std::string_view text) {
  return !text.ends_with('.') && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-' || c == '~';
  });
}

// "name:verb" -> "name" and "verb"; without ':' the verb is "".
struct Segment {
  std::string_view name, verb;
};
Segment split_verb(std::string_view segment) {
  const size_t colon = segment.find(':');
  if (colon == segment.npos) return {segment, {}};
  return {segment.substr(0, colon), segment.substr(colon + 1)};
}

bool is_plain_path(std::string_view path) {
  if (path.empty() || path[0] != '/') return false;
  while (!path.empty()) {
    const std::string_view segment = take_segment(path);
    if (segment.size() > kMaxSegmentBytes) return false;
    const Segment parts = split_verb(segment);
    if (!is_plain(parts.name) || !is_plain(parts.verb)) return false;
    const bool has_colon = parts.name.size() != segment.size();
    if (has_colon && (parts.name.empty() || parts.verb.empty() || !path.empty())) return false;
  }
  return true;
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

bool matches(std::string_view pattern, std::string_view path, RouteMatch& match) {
  size_t used = 0;
  while (!pattern.empty() && !path.empty()) {
    const Segment want = split_verb(take_segment(pattern));
    const Segment have = split_verb(take_segment(path));
    if (want.verb != have.verb) return false;
    if (is_parameter(want.name) && !have.name.empty()) {
      match.parameters.at(used++) = {want.name.substr(1, want.name.size() - 2), have.name};
    } else if (want.name != have.name) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

}  // namespace

std::string_view RouteMatch::operator[](std::string_view name) const {
  for (const Parameter& parameter : parameters) {
    if (!name.empty() && parameter.name == name) return parameter.value;
  }
  return {};
}

HttpRefusal find_route(std::span<const Route> routes, std::string_view method,
                       std::string_view path, RouteMatch& match) {
  match = RouteMatch{};
  if (method == "CONNECT" || method == "TRACE" || path == "*") {
    return {405, "method not allowed", {.allow = "GET, HEAD, POST"}};
  }
  if (!is_plain_path(path)) {
    return {
        400,
        "the path holds other characters than letters, digits and . _ - ~ (and one ':' before a "
        "verb at its end), ends a segment with a dot, or has a segment of more than 128 bytes"};
  }
  const std::string_view wanted = method == "HEAD" ? std::string_view("GET") : method;
  std::string allow;
  for (const Route& route : routes) {
    RouteMatch found;
    if (!matches(route.pattern, path, found)) continue;
    if (route.method == wanted) {
      match = found;
      match.route = &route;
      return {};
    }
    if (!allow.empty()) allow += ", ";
    allow += route.method == "GET" ? "GET, HEAD" : route.method;
  }
  if (allow.empty()) return {404, "not found"};
  return {405, "method not allowed", {.allow = std::move(allow)}};
}

}  // namespace maas
