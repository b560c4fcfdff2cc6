// A request without a connection, whose answer is kept.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "http/exchange.h"
#include "http/head.h"

namespace maas {

class RecordedExchange final : public HttpExchange {
 public:
  RecordedExchange(std::string method, std::string target,
                   std::map<std::string, std::string> headers = {})
      : headers_(std::move(headers)) {
    head.method = std::move(method);
    head.target = std::move(target);
    head.add_header("Host", "localhost");
    for (const auto& [name, value] : headers_) head.add_header(name, value);
    check_head(head, {});
  }

  void begin(int status, const ReplyHeaders& headers) override {
    ++begun;
    response.status = status;
    response.headers = headers;
  }
  void write(std::string bytes) override { response.body += bytes; }
  void end() override { ++ended; }
  std::optional<std::string_view> header(std::string_view name) const override {
    for (const auto& [known, value] : headers_) {
      if (same_ignoring_case(known, name)) return value;
    }
    return std::nullopt;
  }
  bool client_is_gone() override { return gone; }
  bool reserve(size_t bytes) override {
    if (bytes > room) return false;
    most_reserved = std::max(most_reserved, reserved = bytes);
    return true;
  }

  HttpResponse response;
  int begun = 0, ended = 0;
  bool gone = false;
  size_t room = SIZE_MAX, reserved = 0, most_reserved = 0;

 private:
  std::map<std::string, std::string> headers_;
};

}  // namespace maas
