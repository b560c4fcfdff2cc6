// Which requests exist, and who answers them. What no route takes is refused.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "http/reply.h"

namespace maas {

class HttpExchange;

enum class RouteScope { kPublic, kInfer, kMetrics, kAdmin };  // what a caller must be allowed to do

// For the description of the interface; schemas are known by their names to whoever writes it.
struct RouteDoc {
  std::string_view summary;                    // "" = the route is not described
  std::string_view request = {}, answer = {};  // names of schemas; "" = none
};

// Texts live as long as the program. Both functions are called from many threads at once.
struct Route {
  std::string_view method;  // of GET, HEAD goes along
  // "/v2/models/{model}/infer": a {name} matches one whole segment. "/models/{model}:predict": the
  // last segment ends in a verb (google.aip.dev/136), which no {name} matches.
  std::string_view pattern;
  RouteScope scope = RouteScope::kPublic;
  // Answers, or sees to it that somebody does: HttpService::serve().
  std::function<void(std::shared_ptr<HttpExchange>)> handle;
  // Looks at the head before the body is read: HttpService::admit(). Empty = takes everything.
  std::function<HttpRefusal(const HttpExchange&)> admit = {};
  RouteDoc doc = {};
};

inline constexpr size_t kMaxPathParameters = 4;  // in a pattern

struct RouteMatch {
  struct Parameter {
    std::string_view name, value;  // of the pattern, without braces; of the path
  };
  const Route* route = nullptr;
  std::array<Parameter, kMaxPathParameters> parameters = {};  // those without name are not used

  // What the path has where the pattern has {name}; "" where it has no such segment.
  std::string_view operator[](std::string_view name) const;
};

// `path` is a request path without query; its texts and those of `routes` stay in `match`. The
// first route that fits counts. HEAD is answered wherever GET is. 404 and 405 say what there is.
// Paths with escapes, backslashes, empty or dot segments and other bytes than unreserved ones are
// refused with 400 before matching: no name that this server knows needs them. The one ':' that a
// path may have stands in its last segment, between letters, digits and the like.
HttpRefusal find_route(std::span<const Route> routes, std::string_view method,
                       std::string_view path, RouteMatch& match);

}  // namespace maas
