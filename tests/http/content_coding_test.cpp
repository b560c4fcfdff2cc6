#include "http/content_coding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "http/recorded_exchange.h"

namespace maas {
namespace {

using testing::HasSubstr;

std::string refusal(const std::string& bytes, ContentCoding coding, size_t most = 1 << 20) {
  try {
    unpacked(bytes, coding, most);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(ContentCoding, IsToldByTheHeader) {
  EXPECT_EQ(content_coding(""), ContentCoding::kIdentity);
  EXPECT_EQ(content_coding(" GZip "), ContentCoding::kGzip);
  EXPECT_EQ(content_coding("deflate"), ContentCoding::kDeflate);
  EXPECT_EQ(content_coding("gzip, deflate"), ContentCoding::kUnknown);
}

TEST(ContentCoding, OfAnAnswerIsOneThatTheClientAccepts) {
  EXPECT_EQ(accepted_coding(""), ContentCoding::kIdentity);
  EXPECT_EQ(accepted_coding("br, zstd"), ContentCoding::kIdentity);
  EXPECT_EQ(accepted_coding("deflate, gzip;q=0.5"), ContentCoding::kGzip);
  EXPECT_EQ(accepted_coding("gzip;q=0, deflate"), ContentCoding::kDeflate);
  EXPECT_EQ(accepted_coding("gzip; q=0.000"), ContentCoding::kIdentity);
}

TEST(ContentCoding, GivesBackWhatWasPacked) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += std::to_string(i);
  for (const ContentCoding coding : {ContentCoding::kGzip, ContentCoding::kDeflate}) {
    for (const std::string& bytes : {std::string(), std::string("x"), text}) {
      EXPECT_EQ(unpacked(packed(bytes, coding), coding, text.size()), bytes);
    }
  }
  // Without zlib's frame: two bytes in front, four behind.
  const std::string framed = packed("some bytes", ContentCoding::kDeflate);
  EXPECT_EQ(unpacked(framed.substr(2, framed.size() - 6), ContentCoding::kDeflate, 99),
            "some bytes");
}

TEST(ContentCoding, RefusesWhatIsDamagedOrTooLarge) {
  const std::string zeros(1 << 20, '\0');
  const std::string small = packed(zeros, ContentCoding::kGzip);
  EXPECT_LT(small.size(), 10000);
  EXPECT_THAT(refusal(small, ContentCoding::kGzip, zeros.size() - 1),
              HasSubstr("unpacks to more than 1048575 bytes"));
  EXPECT_EQ(refusal(small, ContentCoding::kGzip, zeros.size()), "");
  for (const std::string& bad : {std::string(), std::string("{}"), small.substr(0, 50),
                                 small.substr(0, small.size() - 1), small + "x"}) {
    EXPECT_THAT(refusal(bad, ContentCoding::kGzip), HasSubstr("is not what its Content-Encoding"));
    EXPECT_NE(refusal(bad, ContentCoding::kDeflate), "");
  }
}

TEST(ContentCoding, PacksAnswersFromASizeOnForThoseWhoAcceptIt) {
  const auto answer = [](const std::string& body, const std::string& accept) {
    RecordedExchange exchange("GET", "/", {{"Accept-Encoding", accept}});
    send_packed(exchange, body, {}, 100);
    return exchange.response;
  };
  const std::string body(1000, 'x');
  EXPECT_EQ(answer("short", "gzip").body, "short");
  EXPECT_EQ(answer(body, "br").body, body);
  const HttpResponse small = answer(body, "gzip");
  EXPECT_EQ(small.headers.others.at(0).second, "gzip");
  EXPECT_EQ(unpacked(small.body, ContentCoding::kGzip, 1000), body);
}

}  // namespace
}  // namespace maas
