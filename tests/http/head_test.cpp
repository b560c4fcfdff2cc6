#include "http/head.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace maas {
namespace {

using testing::HasSubstr;
using namespace std::string_literals;
using State = HeadScanner::State;

constexpr const char* kHost = "Host: localhost\r\n";

// The whole text at once; the scanner's status, 0 for a complete head, -1 for one that is not.
std::pair<int, std::string> scan(const std::string& text, const HeadLimits& limits = {}) {
  HeadScanner scanner(limits);
  const State state = scanner.scan(text);
  if (state == State::kRefused) return {scanner.status(), std::string(scanner.message())};
  return {state == State::kComplete ? 0 : -1, ""};
}

void expect_refused(const std::string& text, int status, const std::string& reason,
                    const HeadLimits& limits = {}) {
  const auto [got, message] = scan(text, limits);
  EXPECT_EQ(got, status) << text.substr(0, 80);
  EXPECT_THAT(message, HasSubstr(reason)) << text.substr(0, 80);
}

TEST(HeadScanner, TakesAHeadAndSaysWhereItEnds) {
  HeadScanner scanner({});
  const std::string head = "GET /v2 HTTP/1.1\r\n"s + kHost + "\r\n";
  EXPECT_EQ(scanner.scan(head + "body"), State::kComplete);
  EXPECT_EQ(scanner.head_bytes(), head.size());
}

TEST(HeadScanner, GivesTheSameVerdictByteByByte) {
  const std::string host = kHost;
  for (const std::string& text :
       {"GET /v2 HTTP/1.1\r\n" + host + "\r\n", "GET /v2 HTTP/1.1\n" + host + "\r\n",
        "GET /v2 HTTP/1.1\r\n" + host + " folded: x\r\n\r\n", "BREW /pot HTTP/1.1\r\n\r\n"s,
        "PRI * HTTP/2.0\r\n\r\n"s, "PRINT / HTTP/1.1\r\n"s,
        "GET /v2 HTTP/1.1\r\n" + host + "X: a\0b\r\n\r\n"s, "\x16\x03\x01\x02"s}) {
    HeadScanner scanner({});
    State state = State::kNeedMore;
    for (size_t size = 1; size <= text.size() && state == State::kNeedMore; ++size) {
      state = scanner.scan(std::string_view(text).substr(0, size));
    }
    const auto [status, message] = scan(text);
    EXPECT_EQ(state == State::kRefused ? scanner.status() : 0, status) << text;
    EXPECT_EQ(scanner.message(), message) << text;
  }
}

TEST(HeadScanner, StartsAfreshAfterReset) {
  HeadScanner scanner({});
  EXPECT_EQ(scanner.scan("GET /\n"), State::kRefused);
  scanner.reset();
  EXPECT_EQ(scanner.scan("GET / HTTP/1.1\r\n\r\n"), State::kComplete);
}

TEST(HeadScanner, RefusesWhatLetsTwoServersDisagree) {
  const std::string line = "GET /v2 HTTP/1.1\r\n"s;
  expect_refused("GET /v2 HTTP/1.1\nHost: x\n\n", 400, "without a carriage return");
  expect_refused(line + "X: a\0b\r\n\r\n"s, 400, "zero byte");
  expect_refused(line + kHost + " folded\r\n\r\n", 400, "folded");
  expect_refused(line + kHost + "\tfolded\r\n\r\n", 400, "folded");
  expect_refused("\r\n" + line, 400, "not an HTTP/1.1 request");
  expect_refused(" /v2 HTTP/1.1\r\n", 400, "method");
}

TEST(HeadScanner, NamesTheProtocolThatItDoesNotSpeak) {
  expect_refused("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s, 400, "this is TLS");
  expect_refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "this is HTTP/2");
  expect_refused("\x01\x02", 400, "not an HTTP/1.1 request");
  expect_refused("{\"inputs\": []}", 400, "not an HTTP/1.1 request");
}

TEST(HeadScanner, RefusesUnknownMethodsBeforeTheyEnd) {
  expect_refused("BREW / HTTP/1.1\r\n", 501, "unknown method");
  expect_refused("get / HTTP/1.1\r\n", 501, "unknown method");
  expect_refused(std::string(4096, 'A'), 501, "unknown method");
  EXPECT_EQ(scan("OPTION").first, -1);
}

TEST(HeadScanner, AcceptsAHeadOfExactlyTheLimits) {
  const HeadLimits limits;
  const std::string line = "GET / HTTP/1.1\r\n", end = "\r\n";
  const std::string name = "X: ";
  const size_t left = limits.max_head_bytes - line.size() - name.size() - 2 * end.size();
  EXPECT_EQ(scan(line + name + std::string(left, 'a') + end + end).first, 0);
  expect_refused(line + name + std::string(left + 1, 'a') + end + end, 431, "too large");

  std::string headers;
  for (size_t i = 0; i < limits.max_headers; ++i) headers += "X-A: y\r\n";
  EXPECT_EQ(scan(line + headers + end).first, 0);
  expect_refused(line + headers + "X-A: y\r\n" + end, 431, "too many headers");

  const std::string target = "/" + std::string(limits.max_target_bytes - 1, 'a');
  EXPECT_EQ(scan("GET " + target + " HTTP/1.1\r\n\r\n").first, 0);
  expect_refused("GET " + target + "a HTTP/1.1\r\n\r\n", 414, "target is too long");
}

TEST(HeadScanner, RefusesALongHeadBeforeItsEnd) {
  expect_refused("GET /" + std::string(9000, 'a'), 414, "target is too long");
  expect_refused("GET / HTTP/1.1\r\nX: " + std::string(17000, 'a'), 431, "too large");
}

RequestHead head(const std::string& method, const std::string& target) {
  RequestHead made;
  made.method = method;
  made.target = target;
  return made;
}

struct Header {
  const char* name;
  const char* value;
};

// The verdict on GET /v2 with the given headers.
HeadRefusal judge(std::initializer_list<Header> headers, const HeadPolicy& policy = {},
                  int version = 11) {
  RequestHead made = head("GET", "/v2");
  made.version = version;
  for (const Header& header : headers) made.add_header(header.name, header.value);
  return check_head(made, policy);
}

void expect_judged(std::initializer_list<Header> headers, int status, const std::string& reason,
                   int version = 11) {
  const HeadRefusal refusal = judge(headers, {}, version);
  EXPECT_EQ(refusal.status, status) << reason;
  EXPECT_THAT(refusal.message, HasSubstr(reason));
  EXPECT_EQ(refusal.close, status != 0) << reason;
}

TEST(CheckHead, RefusesFramingThatTwoServersReadDifferently) {
  const Header host{"Host", "localhost"};
  expect_judged({host, {"Transfer-Encoding", "chunked"}, {"Content-Length", "5"}}, 400, "both");
  expect_judged({host, {"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}}, 400, "both");
  expect_judged({host, {"Content-Length", "2"}, {"Content-Length", "2"}}, 400, "more than one");
  for (const char* coding :
       {"chunked, identity", "gzip", "xchunked", "identity", "gzip, chunked"}) {
    expect_judged({host, {"Transfer-Encoding", coding}}, 501, "other than chunked");
  }
  expect_judged({host, {"Transfer-Encoding", "chunked"}, {"transfer-encoding", "chunked"}}, 501,
                "other than chunked");
  expect_judged({host, {"Transfer-Encoding", "chunked"}}, 400, "HTTP/1.0", 10);
  EXPECT_EQ(judge({host, {"Transfer-Encoding", "Chunked"}}).status, 0);
}

TEST(CheckHead, WantsOneKey) {
  for (const char* name : {"Authorization", "X-Api-Key"}) {
    const Header host = {"Host", "localhost"}, key = {name, "Bearer x"};
    EXPECT_EQ(judge({host, key}).status, 0);
    expect_judged({host, key, {name, "Bearer y"}}, 400, fmt::format("more than one {}", name));
    expect_judged({host, key, key}, 400, fmt::format("more than one {}", name));
  }
}

TEST(CheckHead, WantsOneHost) {
  expect_judged({}, 400, "no Host");
  expect_judged({{"Host", "localhost"}, {"Host", "localhost"}}, 400, "more than one Host");
  EXPECT_EQ(judge({}, {}, 10).status, 0);
  for (const char* bad : {"", "a b", "local host:80", "localhost:http", "localhost:123456",
                          "user@localhost", "[::1", "localhost/", "loc\xC3\xA4l"}) {
    expect_judged({{"Host", bad}}, 400, "not a host name");
  }
}

TEST(CheckHead, ServesLoopbackNamesOnly) {
  for (const char* name :
       {"localhost", "LOCALHOST:8000", "127.0.0.1", "127.1.2.3:9", "[::1]:8000"}) {
    EXPECT_EQ(judge({{"Host", name}}).status, 0) << name;
  }
  for (const char* name : {"evil.com", "127.0.0.1.evil.com", "localhost.evil.com", "127.evil.a.b",
                           "10.0.0.1", "127.0.0"}) {
    expect_judged({{"Host", name}}, 403, "not served here");
  }
}

TEST(CheckHead, ServesTheHostsThatAreAllowed) {
  const HeadPolicy policy{.check_host = true, .allowed_hosts = {"models.example"}};
  EXPECT_EQ(judge({{"Host", "Models.Example:80"}}, policy).status, 0);
  EXPECT_EQ(judge({{"Host", "evil.example"}}, policy).status, 403);
  EXPECT_EQ(judge({{"Host", "x.y"}}, {.check_host = true, .allowed_hosts = {"*"}}).status, 0);
  EXPECT_EQ(judge({{"Host", "x.y"}}, {.check_host = false, .allowed_hosts = {}}).status, 0);
}

TEST(CheckHead, RefusesOtherOrigins) {
  const Header host{"Host", "localhost:8000"};
  EXPECT_EQ(judge({host, {"Origin", "http://localhost:8000"}}).status, 0);
  for (const char* origin : {"https://evil", "null", "http://localhost:9000", "http://localhost",
                             "http://localhost:8000.evil.com"}) {
    expect_judged({host, {"Origin", origin}}, 403, "other origins");
  }
  expect_judged({host, {"Origin", "http://localhost:8000"}, {"Origin", "http://evil"}}, 403,
                "other origins");
}

TEST(CheckHead, ServesPagesOfAllowedOrigins) {
  HeadPolicy policy;
  policy.allowed_origins = {"http://localhost:3000"};
  const auto judged = [&](const std::string& origin) {
    RequestHead head;
    head.method = "GET";
    head.target = "/";
    head.add_header("Host", "localhost:8000");
    head.add_header("Origin", origin);
    const int status = check_head(head, policy).status;
    return std::to_string(status) + (head.cross_origin ? " cross" : "");
  };
  EXPECT_EQ(judged("http://localhost:8000"), "0");
  EXPECT_EQ(judged("http://localhost:3000"), "0 cross");
  EXPECT_EQ(judged("https://localhost:3000"), "403");
  EXPECT_EQ(judged("http://localhost:3001"), "403");
  policy.allowed_origins = {"*"};
  EXPECT_EQ(judged("null"), "0 cross");
}

TEST(CheckHead, KnowsOneExpectationAndTwoContentCodings) {
  const Header host{"Host", "localhost"};
  EXPECT_EQ(judge({host, {"Expect", "100-Continue"}}).status, 0);
  expect_judged({host, {"Expect", "x"}}, 417, "100-continue");
  for (const char* coding : {"br", "zstd", "gzip, gzip"}) {
    expect_judged({host, {"Content-Encoding", coding}}, 415, "Content-Encoding");
  }
  for (const char* coding : {"identity", "gzip", "x-gzip", "Deflate"}) {
    EXPECT_EQ(judge({host, {"Content-Encoding", coding}}).status, 0);
  }
}

TEST(CheckHead, TakesThePathFromTheTarget) {
  RequestHead made = head("GET", "/v2/models/m?x=1");
  made.add_header("Host", "localhost");
  EXPECT_EQ(check_head(made, {}).status, 0);
  EXPECT_EQ(made.path(), "/v2/models/m");
}

TEST(CheckHead, TheAuthorityOfAnAbsoluteTargetCounts) {
  RequestHead made = head("GET", "http://localhost:8000/v2?x");
  made.add_header("Host", "localhost");
  EXPECT_EQ(check_head(made, {}).status, 0);
  EXPECT_EQ(made.path(), "/v2");
  made.target = "http://evil.com/v2";
  EXPECT_EQ(check_head(made, {}).status, 403);
  made.target = "http://user@localhost/v2";
  EXPECT_EQ(check_head(made, {}).status, 400);
  made.target = "v2";
  EXPECT_THAT(check_head(made, {}).message, HasSubstr("neither a path nor an http URI"));
}

TEST(ContentType, IsJsonWithOrWithoutParameters) {
  EXPECT_TRUE(is_json_content_type("application/json"));
  EXPECT_TRUE(is_json_content_type("Application/JSON ; charset=utf-8"));
  for (const char* other : {"", "text/plain", "application/jsonx", "application/json, text/plain",
                            "application/x-www-form-urlencoded"}) {
    EXPECT_FALSE(is_json_content_type(other)) << other;
  }
}

TEST(RequestHead, KeepsNothingAfterClear) {
  RequestHead made = head("GET", "/v2");
  for (const char* name : {"Host", "Origin", "Expect", "Content-Type", "Content-Encoding",
                           "Transfer-Encoding", "Content-Length", "Authorization", "X-Api-Key"}) {
    made.add_header(name, "x");
  }
  made.clear();
  EXPECT_EQ(made.host_count + made.transfer_encoding_count + made.content_length_count +
                made.content_type_count + made.origin_count + made.authorization_count +
                made.api_key_count + made.header_count,
            0);
  EXPECT_EQ(made.method + made.target + made.host + made.transfer_encoding + made.content_length +
                made.content_type + made.content_encoding + made.origin + made.expect,
            "");
}

}  // namespace
}  // namespace maas
