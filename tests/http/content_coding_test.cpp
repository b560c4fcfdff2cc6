#include "http/content_coding.h"

#include <fmt/format.h>
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
  } catch (const RefusedRequest& refused) {
    return fmt::format("{} {}", refused.refusal().status, refused.what());
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
              HasSubstr("413 the body unpacks to more than 1048575 bytes"));
  EXPECT_EQ(refusal(small, ContentCoding::kGzip, zeros.size()), "");
  for (const std::string& bad : {std::string(), std::string("{}"), small.substr(0, 50),
                                 small.substr(0, small.size() - 1), small + "x"}) {
    EXPECT_THAT(refusal(bad, ContentCoding::kGzip), HasSubstr("is not what its Content-Encoding"));
    EXPECT_NE(refusal(bad, ContentCoding::kDeflate), "");
  }
}

// RFC 1952, 2.2
TEST(ContentCoding, OfGzipMayHaveSeveralMembers) {
  const std::string one = packed("one ", ContentCoding::kGzip);
  const std::string two = packed("two", ContentCoding::kGzip);
  const std::string none = packed("", ContentCoding::kGzip);
  EXPECT_EQ(unpacked(one + none + two, ContentCoding::kGzip, 7), "one two");
  EXPECT_THAT(refusal(one + two, ContentCoding::kGzip, 6), HasSubstr("413 "));
  EXPECT_THAT(refusal(one + two.substr(0, 12), ContentCoding::kGzip), HasSubstr("is not what"));
  std::string many;
  for (int i = 0; i < 70000; ++i) many += none;
  EXPECT_THAT(refusal(many, ContentCoding::kGzip), HasSubstr("is not what"));
  const std::string deflated = packed("one", ContentCoding::kDeflate);
  EXPECT_THAT(refusal(deflated + deflated, ContentCoding::kDeflate), HasSubstr("is not what"));
}

TEST(ContentCoding, GivesUpOnABombLongBeforeItsEnd) {
  const std::string zeros(64 << 20, '\0');
  for (const ContentCoding coding : {ContentCoding::kGzip, ContentCoding::kDeflate}) {
    const std::string bomb = packed(zeros, coding);
    size_t asked = 0;
    const RoomFor room = [&](size_t bytes) { return asked = std::max(asked, bytes), true; };
    EXPECT_THROW(unpacked(bomb, coding, zeros.size(), room), RefusedRequest);
    EXPECT_LT(asked, 2 * 100 * bomb.size());
    EXPECT_THAT(refusal(bomb, coding, zeros.size()), HasSubstr("which is over 100 times its size"));
    EXPECT_THAT(refusal(packed(zeros.substr(0, 9 << 20), coding), coding, zeros.size()),
                HasSubstr("413 the body unpacks to more than 8388608 bytes, which is over 100"));
  }
  // Few bytes may become some megabytes, as a mask of zeros does.
  const std::string mask = zeros.substr(0, 8 << 20);
  EXPECT_EQ(unpacked(packed(mask, ContentCoding::kGzip), ContentCoding::kGzip, zeros.size()).size(),
            mask.size());
}

TEST(ContentCoding, TakesNoMoreMemoryThanThereIsRoomFor) {
  const std::string text(1 << 20, 'x');
  const auto ask = [&](size_t most) {
    return unpacked(packed(text, ContentCoding::kGzip), ContentCoding::kGzip, text.size(),
                    [&](size_t bytes) { return bytes <= most; });
  };
  EXPECT_EQ(ask(4 << 20), text);
  try {
    ask(512 << 10);
    FAIL();
  } catch (const RefusedRequest& refused) {
    EXPECT_EQ(refused.refusal().status, 503);
    EXPECT_EQ(refused.refusal().headers.retry_after_seconds, 1);
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
