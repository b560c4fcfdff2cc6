#include "load/endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/throw_error.h"

namespace maas {
namespace {

constexpr size_t kLongestUrl = 4096;

[[noreturn]] void refuse(const std::string& url, const std::string& what, const std::string& fix) {
  throw_usage(url.substr(0, 200), what, "a server as http://HOST:PORT or http://HOST:PORT/PATH",
              fix);
}

}  // namespace

std::string Endpoint::authority() const {
  return fmt::format("{}:{}", host.find(':') == std::string::npos ? host : "[" + host + "]", port);
}

Endpoint parse_endpoint(const std::string& url) {
  std::string rest = url;
  if (rest.starts_with("https://")) {
    refuse(url, "is a server with TLS",
           "measure its plain port, or a server of its own without TLS");
  }
  if (rest.starts_with("http://")) rest = rest.substr(7);
  const size_t scheme = rest.find("//");
  if (scheme != std::string::npos && scheme < rest.find('.')) {
    refuse(url, "does not begin with http://", "write http://HOST:PORT");
  }
  const bool plain =
      std::all_of(rest.begin(), rest.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!plain || url.size() > kLongestUrl) refuse(url, "is no URL", "leave out blanks and the like");
  Endpoint endpoint;
  const size_t slash = std::min(rest.find_first_of("/?"), rest.size());
  endpoint.path = rest.substr(slash);
  if (endpoint.path.starts_with('?')) endpoint.path = "/" + endpoint.path;
  if (endpoint.path == "/") endpoint.path.clear();
  const std::string authority = rest.substr(0, slash);
  if (authority.find('@') != std::string::npos) {
    refuse(url, "names a user, whom nobody here asks for", "leave it out; --key sends an API key");
  }
  if (rest.find('#') != std::string::npos) {
    refuse(url, "has '#', which is not sent to servers", "leave it out");
  }
  size_t colon = authority.find(':');
  endpoint.host = authority.substr(0, colon);
  if (authority.starts_with('[')) {
    const size_t bracket = authority.find(']');
    if (bracket == std::string::npos) refuse(url, "has '[' without ']'", "write [::1]:8000");
    endpoint.host = authority.substr(1, bracket - 1);
    colon = bracket + 1 < authority.size() ? bracket + 1 : std::string::npos;
  }
  if (endpoint.host.empty()) refuse(url, "names no host", "name one");
  if (colon == std::string::npos) return endpoint;
  const char* const begin = authority.data() + colon + 1;
  const char* const end = authority.data() + authority.size();
  const auto [stop, error] = std::from_chars(begin, end, endpoint.port);
  if (authority[colon] != ':' || error != std::errc() || stop != end || endpoint.port == 0) {
    refuse(url, "has no port from 1 to 65535 behind the host", "give one");
  }
  return endpoint;
}

}  // namespace maas
