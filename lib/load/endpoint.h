// Where a server is.
#pragma once

#include <cstdint>
#include <string>

namespace maas {

struct Endpoint {
  std::string host;  // a name or an address, without brackets
  uint16_t port = 80;
  std::string path;  // "" or "/..."; with the query

  std::string authority() const;  // "127.0.0.1:8000", "[::1]:8000"
  std::string url() const { return "http://" + authority(); }
};

// "http://host:port/path", or without "http://". Throws Error{kUsage} for anything else; https is
// not spoken.
Endpoint parse_endpoint(const std::string& url);

}  // namespace maas
