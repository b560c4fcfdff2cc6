#include "base/json_writer.h"

#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "support/scratch.h"

namespace maas {
namespace {

TEST(JsonWriter, NestsObjectsAndArraysWithCommasWhereTheyBelong) {
  JsonWriter json;
  json.begin_object().field("verb", "eval").key("list").begin_array();
  json.value(1).value(true).null().begin_object().end_object().begin_array().end_array();
  json.end_array().field("last", 2).end_object();
  EXPECT_EQ(json.text(), R"({"verb":"eval","list":[1,true,null,{},[]],"last":2})");
}

TEST(JsonWriter, EscapesWhatJsonCannotHold) {
  EXPECT_EQ(json_quote("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(json_quote("line\nbreak\ttab\rreturn"), R"("line\nbreak\ttab\rreturn")");
  EXPECT_EQ(json_quote(std::string_view("\0\x1b\x1f", 3)), R"("\u0000\u001b\u001f")");
  EXPECT_EQ(json_quote("/ < > ' é 漢 😀"), R"("/ < > ' é 漢 😀")");
}

TEST(JsonWriter, ReplacesEveryByteThatIsNoUtf8) {
  EXPECT_EQ(json_quote("\xff"), R"("\ufffd")");
  EXPECT_EQ(json_quote("a\xc3"), R"("a\ufffd")");                    // ends in the middle
  EXPECT_EQ(json_quote("\xc0\xaf"), R"("\ufffd\ufffd")");            // overlong '/'
  EXPECT_EQ(json_quote("\xe0\x80\xaf"), R"("\ufffd\ufffd\ufffd")");  // overlong, three bytes
  EXPECT_EQ(json_quote("\xed\xa0\x80"), R"("\ufffd\ufffd\ufffd")");  // half of a surrogate pair
  EXPECT_EQ(json_quote("\xf4\x90\x80\x80"), R"("\ufffd\ufffd\ufffd\ufffd")");  // past the last
  EXPECT_EQ(json_quote("\x80x"), R"("\ufffdx")");
}

TEST(JsonWriter, WritesNoNumberForNanAndInfinity) {
  JsonWriter json;
  json.begin_array().value(std::nan("")).value(std::numeric_limits<double>::infinity());
  json.value(-std::numeric_limits<float>::infinity()).end_array();
  EXPECT_EQ(json.text(), "[null,null,null]");
}

template <class T>
std::string text_of(T number) {
  JsonWriter json;
  json.value(number);
  return json.take();
}

TEST(JsonWriter, WritesNumbersThatReadBackTheSame) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    const double wide = std::bit_cast<double>(random());
    if (!std::isfinite(wide)) continue;
    EXPECT_EQ(std::strtod(text_of(wide).c_str(), nullptr), wide);
    const float narrow = std::bit_cast<float>(static_cast<uint32_t>(random()));
    if (!std::isfinite(narrow)) continue;
    EXPECT_EQ(std::strtof(text_of(narrow).c_str(), nullptr), narrow);
  }
  EXPECT_EQ(text_of(0.1), "0.1");
  EXPECT_EQ(text_of(0.1F), "0.1");
  EXPECT_EQ(text_of(std::numeric_limits<int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(text_of(std::numeric_limits<uint64_t>::max()), "18446744073709551615");
}

TEST(JsonWriter, GoesAsDeepAsItsCallerWants) {
  JsonWriter json;
  for (int i = 0; i < 10000; ++i) json.begin_array();
  for (int i = 0; i < 10000; ++i) json.end_array();
  EXPECT_EQ(json.text(), std::string(10000, '[') + std::string(10000, ']'));
}

TEST(JsonWriter, RefusesWhatWouldBeNoJson) {
  const auto refused = [](const std::function<void(JsonWriter&)>& write) {
    JsonWriter json;
    error_of([&] { write(json); }, ErrorKind::kInternal);
  };
  refused([](JsonWriter& json) { json.begin_object().value(1); });
  refused([](JsonWriter& json) { json.begin_array().key("a"); });
  refused([](JsonWriter& json) { json.begin_object().key("a").key("b"); });
  refused([](JsonWriter& json) { json.begin_object().key("a").end_object(); });
  refused([](JsonWriter& json) { json.begin_array().end_object(); });
  refused([](JsonWriter& json) { json.end_array(); });
  refused([](JsonWriter& json) { json.value(1).value(2); });
}

}  // namespace
}  // namespace maas
