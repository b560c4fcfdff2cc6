#include "load/endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace maas {
namespace {

using testing::HasSubstr;

std::string refusal(const std::string& url) {
  try {
    parse_endpoint(url);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Endpoint, IsReadFromAUrl) {
  const Endpoint whole = parse_endpoint("http://127.0.0.1:8000/v2/models/net?x=1");
  EXPECT_EQ(whole.host, "127.0.0.1");
  EXPECT_EQ(whole.port, 8000);
  EXPECT_EQ(whole.path, "/v2/models/net?x=1");
  EXPECT_EQ(whole.url(), "http://127.0.0.1:8000");
  EXPECT_EQ(parse_endpoint("localhost:9/").path, "");
  EXPECT_EQ(parse_endpoint("http://server").port, 80);
  EXPECT_EQ(parse_endpoint("http://[::1]:8000").host, "::1");
  EXPECT_EQ(parse_endpoint("http://[::1]:8000").authority(), "[::1]:8000");
}

TEST(Endpoint, SaysWhatIsWrongWithAUrl) {
  EXPECT_THAT(refusal("https://localhost:8443"), HasSubstr("with TLS"));
  EXPECT_THAT(refusal(""), HasSubstr("names no host"));
  for (const char* url : {"htp://127.0.0.1:8000", "http//127.0.0.1:8000", "ftp://a/b"}) {
    EXPECT_THAT(refusal(url), HasSubstr("does not begin with http://")) << url;
  }
  EXPECT_THAT(refusal("http://user:pw@127.0.0.1:8000"), HasSubstr("names a user"));
  EXPECT_THAT(refusal("http://127.0.0.1:8000/x#y"), HasSubstr("has '#'"));
  EXPECT_EQ(parse_endpoint("http://127.0.0.1/x//y").path, "/x//y");
  EXPECT_THAT(refusal("http://[::1"), HasSubstr("without ']'"));
  for (const char* url : {"http://a:", "http://a:0", "http://a:65536", "http://a:80x", "a:b:c"}) {
    EXPECT_THAT(refusal(url), HasSubstr("no port from 1 to 65535")) << url;
  }
  for (const std::string& url : {std::string("http://a b"), std::string("http://a\r\nX: y"),
                                 "http://" + std::string(5000, 'a')}) {
    EXPECT_THAT(refusal(url), HasSubstr("is no URL"));
  }
}

}  // namespace
}  // namespace maas
