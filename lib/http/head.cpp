#include "http/head.h"

#include <algorithm>
#include <cstring>

#include "http/content_coding.h"

namespace maas {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_token_char(char c) {
  return (lower(c) >= 'a' && lower(c) <= 'z') || is_digit(c) ||
         (c != '\0' && std::strchr("!#$%&'*+-.^_`|~", c) != nullptr);
}

constexpr std::string_view kMethods[] = {"GET",     "HEAD",  "POST",    "PUT",  "DELETE",
                                         "OPTIONS", "TRACE", "CONNECT", "PATCH"};
constexpr size_t kLongestMethod = 7;

struct Authority {
  bool valid = false;
  std::string_view host;
};

// host, host:port, [v6]:port
Authority split_authority(std::string_view text) {
  size_t end = text.find(':');
  if (text.starts_with('[')) {
    const size_t bracket = text.find(']');
    if (bracket == std::string_view::npos) return {};
    end = bracket + 1 < text.size() ? bracket + 1 : std::string_view::npos;
  }
  const std::string_view host = text.substr(0, end);
  if (host.empty() || host.size() > 255) return {};
  const bool plain = std::all_of(host.begin(), host.end(), [](char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || is_digit(c) ||
           std::string_view(".-_:[]").find(c) != std::string_view::npos;
  });
  if (!plain) return {};
  if (end != std::string_view::npos) {
    const std::string_view port = text.substr(end + 1);
    if (text[end] != ':' || port.size() > 5 || !std::all_of(port.begin(), port.end(), is_digit)) {
      return {};
    }
  }
  return {true, host};
}

bool host_is_allowed(std::string_view host, const HeadPolicy& policy) {
  if (!policy.check_host || is_loopback_name(host)) return true;
  return std::any_of(
      policy.allowed_hosts.begin(), policy.allowed_hosts.end(),
      [&](const std::string& name) { return name == "*" || same_ignoring_case(name, host); });
}

HeadRefusal check_framing(const RequestHead& head) {
  if (head.transfer_encoding_count > 0) {
    if (head.version < 11) {
      return {400, "Transfer-Encoding in an HTTP/1.0 request", true};
    }
    if (head.content_length_count > 0) {
      return {400, "both Transfer-Encoding and Content-Length", true};
    }
    if (head.transfer_encoding_count > 1 ||
        !same_ignoring_case(head.transfer_encoding, "chunked")) {
      return {501, "Transfer-Encoding other than chunked", true};
    }
  }
  if (head.content_length_count > 1) return {400, "more than one Content-Length", true};
  // The parser also takes lists of the same number.
  if (!std::all_of(head.content_length.begin(), head.content_length.end(), is_digit)) {
    return {400, "a Content-Length that is not one number", true};
  }
  return {};
}

// The authority that counts: of an absolute target if there is one, else the Host header's.
bool origin_is_allowed(std::string_view origin, const HeadPolicy& policy) {
  return std::any_of(policy.allowed_origins.begin(), policy.allowed_origins.end(),
                     [&](const std::string& known) { return known == "*" || known == origin; });
}

HeadRefusal check_target(RequestHead& head, std::string_view& authority) {
  const std::string_view target = head.target;
  authority = head.host;
  head.path_begin = 0;
  if (target.starts_with("http://") || target.starts_with("https://")) {
    const size_t begin = target.find("//") + 2;
    const size_t end = std::min(target.find_first_of("/?", begin), target.size());
    authority = target.substr(begin, end - begin);
    head.path_begin = end;
  } else if (target != "*" && !target.starts_with('/') && head.method != "CONNECT") {
    return {400, "the request target is neither a path nor an http URI", true};
  }
  const size_t query = std::min(target.find_first_of("?#", head.path_begin), target.size());
  head.path_size = query - head.path_begin;
  return {};
}

}  // namespace

bool is_preflight(const RequestHead& head, const std::optional<std::string_view>& asked_method) {
  return head.method == "OPTIONS" && head.cross_origin && asked_method.has_value();
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

bool is_loopback_name(std::string_view host) {
  if (same_ignoring_case(host, "localhost") || host == "[::1]" || host == "::1") return true;
  if (!host.starts_with("127.")) return false;
  return std::count(host.begin(), host.end(), '.') == 3 &&
         std::all_of(host.begin(), host.end(), [](char c) { return is_digit(c) || c == '.'; });
}

bool is_content_type(std::string_view value, std::string_view type) {
  std::string_view bare = value.substr(0, value.find(';'));
  while (bare.ends_with(' ') || bare.ends_with('\t')) bare.remove_suffix(1);
  return same_ignoring_case(bare, type);
}

std::string charset_of(std::string_view content_type) {
  std::string type(content_type);
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const size_t at = type.find("charset=");
  if (at == std::string::npos) return "";
  std::string charset = type.substr(at + 8, type.find_first_of("; \t", at) - at - 8);
  std::erase(charset, '"');
  return charset;
}

bool is_json_content_type(std::string_view value) {
  return is_content_type(value, "application/json");
}

void RequestHead::clear() {
  method.clear();
  target.clear();
  version = 11;
  keep_alive = true;
  header_count = host_count = transfer_encoding_count = content_length_count = 0;
  content_type_count = origin_count = authorization_count = api_key_count = 0;
  for (std::string* text : {&host, &transfer_encoding, &content_length, &content_type,
                            &content_encoding, &origin, &expect}) {
    text->clear();
  }
  path_begin = path_size = 0;
  cross_origin = false;
}

void RequestHead::add_header(std::string_view name, std::string_view value) {
  ++header_count;
  const auto take = [&](std::string_view known, std::string& into) {
    if (!same_ignoring_case(name, known)) return false;
    if (!into.empty()) into += ", ";
    into += value;
    return true;
  };
  if (take("Host", host)) {
    ++host_count;
  } else if (take("Transfer-Encoding", transfer_encoding)) {
    ++transfer_encoding_count;
  } else if (take("Content-Type", content_type)) {
    ++content_type_count;
  } else if (take("Origin", origin)) {
    ++origin_count;
  } else if (take("Content-Length", content_length)) {
    ++content_length_count;
  } else if (same_ignoring_case(name, "Authorization")) {
    ++authorization_count;
  } else if (same_ignoring_case(name, "X-Api-Key")) {
    ++api_key_count;
  } else {
    take("Content-Encoding", content_encoding) || take("Expect", expect);
  }
}

void HeadScanner::reset() {
  line_begin_ = scanned_ = lines_ = 0;
  status_ = 0;
  message_ = {};
}

HeadScanner::State HeadScanner::refuse(int status, std::string_view message) {
  status_ = status;
  message_ = message;
  return State::kRefused;
}

HeadScanner::State HeadScanner::scan_request_line(std::string_view partial) {
  const size_t method_end = partial.find(' ');
  const std::string_view method = partial.substr(0, method_end);
  if (partial.starts_with('\x16')) return refuse(400, "this is TLS; this port speaks plain HTTP");
  if (!std::all_of(method.begin(), method.end(), is_token_char)) {
    return refuse(400, "this is not an HTTP/1.1 request");
  }
  if (method_end == std::string_view::npos) {
    return method.size() > kLongestMethod ? refuse(501, "unknown method") : State::kNeedMore;
  }
  if (std::find(std::begin(kMethods), std::end(kMethods), method) == std::end(kMethods)) {
    if (method.empty()) return refuse(400, "a request line without a method");
    if (method == "PRI") return refuse(400, "this is HTTP/2; this port speaks HTTP/1.1");
    return refuse(501, "unknown method");
  }
  const std::string_view rest = partial.substr(method_end + 1);
  if (std::min(rest.find(' '), rest.size()) > limits_.max_target_bytes) {
    return refuse(414, "the request target is too long");
  }
  return State::kNeedMore;
}

HeadScanner::State HeadScanner::scan_line(std::string_view line) {
  if (!line.ends_with('\r'))
    return refuse(400, "a line of the head ends without a carriage return");
  if (line.find('\0') != std::string_view::npos) return refuse(400, "a zero byte in the head");
  if (line.starts_with(' ') || line.starts_with('\t')) {
    return refuse(400, "a folded header line or a blank before a header's name");
  }
  if (line == "\r") return State::kComplete;  // not the first: that has a method
  if (lines_ > limits_.max_headers) return refuse(431, "too many headers");
  ++lines_;
  return State::kNeedMore;
}

HeadScanner::State HeadScanner::scan(std::string_view bytes) {
  while (true) {
    const size_t end = bytes.find('\n', scanned_);
    const bool whole = end != std::string_view::npos;
    const std::string_view line = bytes.substr(line_begin_, whole ? end - line_begin_ : end);
    if (lines_ == 0 && scan_request_line(line) == State::kRefused) return State::kRefused;
    const size_t seen = whole ? end + 1 : bytes.size();
    if (seen > limits_.max_head_bytes) return refuse(431, "the headers are too large");
    scanned_ = seen;
    if (!whole) return State::kNeedMore;
    const State state = scan_line(line);
    line_begin_ = seen;
    if (state != State::kNeedMore) return state;
  }
}

HeadRefusal check_head(RequestHead& head, const HeadPolicy& policy) {
  if (HeadRefusal refusal = check_framing(head); refusal.status != 0) return refusal;
  if (head.host_count > 1) return {400, "more than one Host header", true};
  std::string_view authority;
  if (HeadRefusal refusal = check_target(head, authority); refusal.status != 0) return refusal;
  if (head.host_count == 0 && head.version >= 11) return {400, "no Host header", true};
  if (head.host_count == 1 || !authority.empty()) {
    const Authority host = split_authority(authority);
    if (!host.valid || (head.host_count == 1 && !split_authority(head.host).valid)) {
      return {400, "the Host header is not a host name with an optional port", true};
    }
    // DNS rebinding: a page that resolved its own name to this machine still sends that name.
    if (!host_is_allowed(host.host, policy)) {
      return {403, "this host name is not served here; allow it with allowed_hosts", true};
    }
  }
  if (head.origin_count > 0) {
    const std::string_view origin = head.origin;
    const size_t scheme = origin.find("://");
    const bool own = scheme != std::string_view::npos && origin.substr(scheme + 3) == head.host;
    const bool allowed = head.origin_count == 1 && origin_is_allowed(origin, policy);
    if (!own && !allowed) {
      return {403, "requests from other origins are not served; allow them with allowed_origins",
              true};
    }
    head.cross_origin = !own;
  }
  // Two servers in a row could go by different ones.
  if (head.authorization_count > 1) return {400, "more than one Authorization header", true};
  if (head.api_key_count > 1) return {400, "more than one X-Api-Key header", true};
  if (!head.expect.empty() && !same_ignoring_case(head.expect, "100-continue")) {
    return {417, "the only expectation known is 100-continue", true};
  }
  if (content_coding(head.content_encoding) == ContentCoding::kUnknown) {
    return {415, "this Content-Encoding is not known; use gzip or deflate, or none", true};
  }
  return {};
}

}  // namespace maas
