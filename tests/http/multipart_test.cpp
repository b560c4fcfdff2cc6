#include "http/multipart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace maas {
namespace {

using testing::HasSubstr;
using namespace std::string_literals;

constexpr const char* kType = "multipart/form-data; boundary=xyz";

// What the client would read, or "" when the form is taken.
std::string refusal(const std::string& body, const std::string& type = kType) {
  try {
    parse_form(body, type);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    return error.what();
  }
  return "";
}

std::string part(const std::string& bytes, const std::string& headers = "") {
  return "--xyz\r\nContent-Disposition: form-data; name=\"data\"\r\n" + headers + "\r\n" + bytes +
         "\r\n";
}

TEST(Multipart, ReadsWhatCurlSends) {
  const std::string body =
      "--xyz\r\nContent-Disposition: form-data; name=\"data\"; filename=\"kitten.jpg\"\r\n"
      "Content-Type: image/jpeg\r\n\r\n\xFF\xD8\r\n--xy\r\nz\0\r\n--xyz--\r\n"s;
  const std::vector<FormPart> parts = parse_form(body, kType);
  ASSERT_EQ(parts.size(), 1);
  EXPECT_EQ(parts[0].name, "data");
  EXPECT_EQ(parts[0].filename, "kitten.jpg");
  EXPECT_EQ(parts[0].content_type, "image/jpeg");
  EXPECT_EQ(parts[0].bytes, "\xFF\xD8\r\n--xy\r\nz\0"s);
}

TEST(Multipart, TakesWhatTheStandardAllows) {
  const std::string one = part("a\r\n") + "--xyz--";
  EXPECT_EQ(parse_form(one, kType)[0].bytes, "a\r\n");
  EXPECT_EQ(parse_form("\r\n" + one + "\r\n", kType)[0].bytes, "a\r\n");
  EXPECT_EQ(parse_form(one, "Multipart/Form-Data; charset=utf-8; Boundary=\"xyz\"").size(), 1);
  EXPECT_EQ(parse_form(one, "multipart/form-data;boundary=xyz;").size(), 1);
  const auto two = parse_form(part("a") + part("", "X-Other: 1\r\n") + "--xyz--", kType);
  ASSERT_EQ(two.size(), 2);
  EXPECT_EQ(two[1].bytes, "");
  EXPECT_EQ(
      parse_form("--xyz \t\r\ncontent-disposition:form-data;name=d\r\n\r\n--xyz--", kType)[0].bytes,
      "");
  EXPECT_EQ(parse_form("--xyz\r\nContent-Disposition: form-data; name=\"a;b=c\"\r\n\r\n\r\n--xyz--",
                       kType)[0]
                .name,
            "a;b=c");
}

TEST(Multipart, RefusesABoundaryThatIsNone) {
  const std::string body = part("a") + "--xyz--";
  for (const char* type :
       {"multipart/form-data",
        "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"",
        "multipart/form-data; boundary=x\"y", "multipart/form-data; boundary=\"xyz",
        "multipart/form-data; boundary=a; boundary=xyz", "multipart/form-data; =xyz",
        "multipart/form-data; boundary", "multipart/form-data; boundary=a@b"}) {
    EXPECT_NE(refusal(body, type), "") << type;
  }
  EXPECT_NE(refusal(body, "multipart/form-data; boundary=" + std::string(71, 'a')), "");
}

TEST(Multipart, RefusesWhatIsNotWhole) {
  EXPECT_THAT(refusal(""), HasSubstr("does not begin with its boundary"));
  EXPECT_THAT(refusal("hello\r\n" + part("a") + "--xyz--"), HasSubstr("does not begin"));
  EXPECT_THAT(refusal("--xyz--"), HasSubstr("no parts"));
  EXPECT_THAT(refusal(part("a")), HasSubstr("ends within a part"));
  EXPECT_THAT(refusal(part("a") + "--xyz"), HasSubstr("neither begins a part nor ends"));
  EXPECT_THAT(refusal(part("a") + "--xyzz--"), HasSubstr("neither begins a part nor ends"));
  EXPECT_THAT(refusal(part("a") + "--xyz--x"), HasSubstr("bytes behind its end"));
  EXPECT_THAT(refusal("--xyz\r\n\r\na\r\n--xyz--"), HasSubstr("without name"));
  EXPECT_THAT(refusal("--xyz\r\nContent-Disposition: form-data; name=\"\"\r\n\r\na\r\n--xyz--"),
              HasSubstr("without name"));
  EXPECT_THAT(refusal("--xyz\r\nContent-Disposition: file; name=\"a\"\r\n\r\na\r\n--xyz--"),
              HasSubstr("not form-data"));
  EXPECT_THAT(refusal(part("a", "nonsense\r\n") + "--xyz--"), HasSubstr("a header that is none"));
  EXPECT_THAT(refusal(part("a", "X: \x01\r\n") + "--xyz--"), HasSubstr("a header that is none"));
  EXPECT_THAT(refusal(part("a", "Content-Disposition: form-data; name=b\r\n") + "--xyz--"),
              HasSubstr("two names"));
}

TEST(Multipart, BoundsPartsAndHeaders) {
  std::string parts;
  for (size_t i = 0; i < kMostFormParts; ++i) parts += part("a");
  EXPECT_EQ(refusal(parts + "--xyz--"), "");
  EXPECT_THAT(refusal(parts + part("a") + "--xyz--"), HasSubstr("too many parts"));
  EXPECT_THAT(refusal(part("a", "X: " + std::string(2000, 'a') + "\r\n") + "--xyz--"),
              HasSubstr("headers do not end"));
  std::string headers;
  for (int i = 0; i < 20; ++i) headers += "X: 1\r\n";
  EXPECT_THAT(refusal(part("a", headers) + "--xyz--"), HasSubstr("too many headers"));
}

}  // namespace
}  // namespace maas
