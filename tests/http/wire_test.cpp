#include "http/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>

namespace maas {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string head_of(const HttpResponse& response, bool for_http_1_0 = false) {
  std::string out = "what was there before";
  make_response_head(response, for_http_1_0, out);
  return out;
}

TEST(ResponseHead, HasStatusLengthAndTypeOfTheBody) {
  HttpResponse response;
  response.body = "{}";
  const std::string head = head_of(response);
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\nDate: "));
  EXPECT_THAT(head, HasSubstr("\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n"));
  response.headers.content_type = "text/html";
  EXPECT_THAT(head_of(response), HasSubstr("\r\nContent-Type: text/html\r\n"));
  response.body.clear();
  EXPECT_THAT(head_of(response), HasSubstr("GMT\r\nContent-Length: 0\r\n\r\n"));
}

TEST(ResponseHead, HasWhatTheResponseSays) {
  HttpResponse response;
  response.set_error({405, "no", {.allow = "GET, HEAD", .retry_after_seconds = 3}});
  response.close = true;
  EXPECT_THAT(head_of(response),
              HasSubstr("\r\nAllow: GET, HEAD\r\nRetry-After: 3\r\nConnection: close\r\n\r\n"));
}

TEST(ResponseHead, TellsHttp10ThatTheConnectionStaysOpen) {
  EXPECT_THAT(head_of({}, true), HasSubstr("Connection: keep-alive"));
  EXPECT_THAT(head_of({}), Not(HasSubstr("Connection:")));
}

TEST(ResponseHead, NamesEveryStatusThatTheServerUses) {
  for (const int status :
       {200, 400, 403, 404, 405, 408, 413, 414, 415, 417, 431, 499, 500, 501, 503, 504}) {
    HttpResponse response;
    response.status = status;
    const std::string head = head_of(response);
    EXPECT_THAT(head, StartsWith("HTTP/1.1 " + std::to_string(status) + " "));
    EXPECT_NE(head[13], '\r') << status;
  }
}

TEST(ResponseHead, HasADateInTheFormOfHttp) {
  const std::string head = head_of({});
  std::tm date{};
  const char* rest =
      ::strptime(head.c_str() + head.find("Date: ") + 6, "%a, %d %b %Y %T GMT", &date);
  ASSERT_NE(rest, nullptr);
  EXPECT_THAT(rest, StartsWith("\r\n"));
  EXPECT_LE(std::abs(std::difftime(::timegm(&date), std::time(nullptr))), 2);
}

}  // namespace
}  // namespace maas
