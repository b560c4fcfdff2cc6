#include "load/http_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <optional>

#include "base/throw_error.h"
#include "http/asio_names.h"
#include "load/resolve.h"

namespace maas {
namespace {

namespace beast = boost::beast;

constexpr auto kTrySeconds = std::chrono::seconds(5);

bool has_control(const std::string& text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

[[noreturn]] void refuse(const Endpoint& endpoint, const std::string& what) {
  throw Error(ErrorKind::kResources, {.where = endpoint.url(),
                                      .what = what,
                                      .expected = "a server that answers over HTTP/1.1",
                                      .fix = "is it started, and is this its port?"});
}

tcp::resolver::results_type addresses_of(const Endpoint& endpoint) {
  net::io_context io;
  error_code error;
  tcp::resolver resolver(io);
  auto found = resolver.resolve(endpoint.host, std::to_string(endpoint.port), error);
  if (error || found.empty()) refuse(endpoint, "the host is not found: " + error.message());
  return found;
}

// A call with a time limit is asynchronous inside.
class Call {
 public:
  Call(const Endpoint& endpoint, const std::string& request, double seconds, size_t most_bytes)
      : endpoint_(endpoint), request_(request), stream_(io_) {
    stream_.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(
        std::chrono::duration<double>(seconds)));
    most_bytes_ = most_bytes;
  }

  HttpAnswer run() {
    stream_.async_connect(addresses_of(endpoint_), [this](error_code error, const tcp::endpoint&) {
      if (error) return end("connecting", error);
      net::async_write(stream_, net::buffer(request_), [this](error_code failed, size_t) {
        // It may have been refused before all of it was sent.
        failed == beast::error::timeout ? end("sending", failed) : read();
      });
    });
    io_.run();
    if (failed_) refuse(endpoint_, fmt::format("{}: {}", doing_, failed_.message()));
    return {static_cast<int>(parser_->get().result_int()), std::move(parser_->get().body())};
  }

 private:
  void read() {
    parser_.emplace();
    parser_->body_limit(most_bytes_);
    parser_->header_limit(64 * 1024);
    beast::http::async_read(stream_, buffer_, *parser_, [this](error_code error, size_t) {
      const bool more_comes = !error && parser_->get().result_int() / 100 == 1;  // RFC 9110, 15.2
      more_comes ? read() : end("reading its answer", error);
    });
  }
  void end(const char* doing, error_code error) {
    doing_ = doing;
    failed_ = error;
  }

  const Endpoint& endpoint_;
  const std::string& request_;
  net::io_context io_{1};
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<beast::http::response_parser<beast::http::string_body>> parser_;
  size_t most_bytes_ = 0;
  const char* doing_ = "";
  error_code failed_;
};

}  // namespace

tcp::endpoint resolve(const Endpoint& endpoint) {
  const auto addresses = addresses_of(endpoint);
  const tcp::endpoint first = addresses.begin()->endpoint();
  if (addresses.size() == 1) return first;
  // "localhost" often is ::1, too, where nobody listens.
  net::io_context io{1};
  beast::tcp_stream stream(io);
  stream.expires_after(kTrySeconds);
  tcp::endpoint chosen = first;
  stream.async_connect(addresses, [&](error_code error, const tcp::endpoint& answering) {
    if (!error) chosen = answering;
  });
  io.run();
  return chosen;
}

std::string make_request(const Endpoint& endpoint, const std::string& method,
                         const std::string& path, const HttpHeaders& headers,
                         const std::string& body) {
  std::string text =
      fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", method, path, endpoint.authority());
  bool plain = !has_control(path) && path.find(' ') == std::string::npos;
  for (const auto& [name, value] : headers) {
    plain = plain && !has_control(name) && !has_control(value);
    text += fmt::format("{}: {}\r\n", name, value);
  }
  if (!plain) {
    throw_usage("request", "a header or its path holds blanks or control characters", "plain text",
                "leave them out");
  }
  if (!body.empty() || method == "POST") text += fmt::format("Content-Length: {}\r\n", body.size());
  return text + "\r\n" + body;
}

HttpAnswer call(const Endpoint& endpoint, const std::string& request, double seconds,
                size_t most_bytes) {
  return Call(endpoint, request, seconds, most_bytes).run();
}

}  // namespace maas
