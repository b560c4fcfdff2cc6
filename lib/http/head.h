// What a request's head must look like, on top of what the HTTP parser checks: the parser in use
// accepts several things that let two servers disagree about where a request ends.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/exchange.h"

namespace maas {

struct HeadLimits {
  size_t max_head_bytes = size_t{16} * 1024;
  size_t max_headers = 100;
  size_t max_target_bytes = size_t{8} * 1024;
};

// Looks at the raw bytes as they arrive, before the parser does: limits (431, 414), line ends,
// folded headers, NUL, and what is not HTTP at all.
class HeadScanner {
 public:
  enum class State { kNeedMore, kComplete, kRefused };

  explicit HeadScanner(const HeadLimits& limits) : limits_(limits) {}

  // `bytes` starts at the request's first byte and holds all that has arrived; it only grows
  // between calls until reset(). Linear over all calls.
  State scan(std::string_view bytes);
  void reset();

  size_t head_bytes() const { return line_begin_; }  // kComplete: up to and with the empty line
  int status() const { return status_; }             // kRefused
  std::string_view message() const { return message_; }

 private:
  State refuse(int status, std::string_view message);
  State scan_request_line(std::string_view partial);
  State scan_line(std::string_view line);

  HeadLimits limits_;
  size_t line_begin_ = 0, scanned_ = 0, lines_ = 0;
  int status_ = 0;
  std::string_view message_;
};

struct HeadPolicy {
  bool check_host = true;                  // against loopback names and allowed_hosts
  std::vector<std::string> allowed_hosts;  // lower case; "*" = any
  // "http://localhost:3000": pages that may ask besides those of this server; "*" = any.
  std::vector<std::string> allowed_origins = {};
};

struct HeadRefusal {
  int status = 0;  // 0 = the head is sane
  std::string_view message;
  bool close = false;
};

// After parsing. On success head.path() is set.
HeadRefusal check_head(RequestHead& head, const HeadPolicy& policy);

// A browser asks whether a page of an allowed origin may send a request (fetch.spec.whatwg.org,
// CORS preflight). `asked_method`: the header Access-Control-Request-Method.
bool is_preflight(const RequestHead& head, const std::optional<std::string_view>& asked_method);

// The type of a Content-Type, with or without parameters, in any case. `type` in lower case.
bool is_content_type(std::string_view value, std::string_view type);
// "application/json", with or without parameters, in any case.
// The charset that a Content-Type names, in lower case and without quotes; "" = none.
std::string charset_of(std::string_view content_type);
bool is_json_content_type(std::string_view value);
bool is_loopback_name(std::string_view host);  // localhost, 127.x.y.z, [::1], ::1; without port
bool same_ignoring_case(std::string_view a, std::string_view b);

}  // namespace maas
