// One request and its whole answer.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "load/endpoint.h"

namespace maas {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

// The bytes of a request of HTTP/1.1. Throws Error{kUsage} for a header or path with control
// characters: they would be more than one.
std::string make_request(const Endpoint& endpoint, const std::string& method,
                         const std::string& path, const HttpHeaders& headers,
                         const std::string& body);

struct HttpAnswer {
  int status = 0;
  std::string body;
};

// Throws Error{kResources} when nobody answers within `seconds`, with more than `most_bytes` or
// with something else than HTTP.
HttpAnswer call(const Endpoint& endpoint, const std::string& request, double seconds,
                size_t most_bytes = 4 << 20);

}  // namespace maas
