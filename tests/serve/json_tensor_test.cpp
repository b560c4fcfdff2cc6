#include "serve/json_tensor.h"

#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "serve/requests.h"

namespace maas {
namespace {

using testing::HasSubstr;
using namespace std::string_literals;

at::Tensor read(at::ScalarType dtype, const std::string& shape, const std::string& data) {
  const std::vector<int64_t> any(
      static_cast<size_t>(std::count(shape.begin(), shape.end(), ',')) + (shape == "[]" ? 0 : 1),
      -1);
  return parse(request_json(input_json(std::string(oip_datatype(dtype)), shape, data)),
               model_taking(dtype, any))
      .inputs[0];
}

std::string written(const at::Tensor& tensor) {
  JsonWriter json;
  write_values(json, tensor);
  return json.take();
}

struct Limits {
  at::ScalarType dtype;
  std::string lowest, highest;    // taken, and written back as they are
  std::string too_low, too_high;  // refused
};

const std::vector<Limits> kIntegers = {
    {at::kByte, "0", "255", "-1", "256"},
    {at::kUInt16, "0", "65535", "-1", "65536"},
    {at::kUInt32, "0", "4294967295", "-1", "4294967296"},
    {at::kUInt64, "0", "18446744073709551615", "-1", "18446744073709551616"},
    {at::kChar, "-128", "127", "-129", "128"},
    {at::kShort, "-32768", "32767", "-32769", "32768"},
    {at::kInt, "-2147483648", "2147483647", "-2147483649", "1e10"},
    {at::kLong, "-9223372036854775808", "9223372036854775807", "-9223372036854775809",
     "9223372036854775808"},
};

std::string refusal_of(at::ScalarType dtype, const std::string& value) {
  return refusal(
      request_json(input_json(std::string(oip_datatype(dtype)), "[1]", "[" + value + "]")),
      model_taking(dtype, {-1}));
}

TEST(JsonTensor, IntegersOfEveryTypeComeBackAsTheyWere) {
  for (const Limits& type : kIntegers) {
    const std::string data = "[" + type.lowest + ",1," + type.highest + "]";
    EXPECT_EQ(written(read(type.dtype, "[3]", data)), data) << oip_datatype(type.dtype);
  }
}

TEST(JsonTensor, IntegersMayBeWrittenAsFloats) {
  EXPECT_EQ(written(read(at::kLong, "[4]", "[1.0,-2.0,1e2,9007199254740992.0]")),
            "[1,-2,100,9007199254740992]");
  EXPECT_EQ(written(read(at::kByte, "[1]", "[255.0]")), "[255]");
  EXPECT_THAT(refusal_of(at::kLong, "9007199254740994.0"), HasSubstr("a whole number"));
  EXPECT_THAT(refusal_of(at::kByte, "256.0"), HasSubstr("a whole number"));
  EXPECT_THAT(refusal_of(at::kByte, "-1.0"), HasSubstr("a whole number"));
}

// T08
TEST(JsonTensor, IntegersAreNeverCutOrRounded) {
  for (const Limits& type : kIntegers) {
    for (const std::string& value : {type.too_low, type.too_high, "1.5"s, "-0.5"s, "1e19"s, "true"s,
                                     "\"1\""s, "null"s, "{}"s, "1e300"s}) {
      const std::string text = refusal_of(type.dtype, value);
      EXPECT_NE(text, "") << oip_datatype(type.dtype) << " " << value;
      // A number beyond 64 bits is no number to the parser; the rest is told with the range.
      if (text.find("is not JSON") != std::string::npos) continue;
      EXPECT_THAT(text, HasSubstr("input 'x': value 0 is "));
      EXPECT_THAT(text,
                  HasSubstr(fmt::format("expected a whole number of {}, {} to {}",
                                        oip_datatype(type.dtype), type.lowest, type.highest)));
    }
  }
}

TEST(JsonTensor, BooleansAreTrueFalseOneAndZero) {
  EXPECT_EQ(written(read(at::kBool, "[4]", "[1,0,true,false]")), "[true,false,true,false]");
  EXPECT_EQ(written(read(at::kBool, "[2]", "[true,false]")), "[true,false]");
  for (const char* value : {"2", "-1", "1.0", "\"true\"", "null"}) {
    EXPECT_THAT(refusal_of(at::kBool, value), HasSubstr("expected true, false, 1 or 0"));
  }
}

TEST(JsonTensor, FloatsOfEveryTypeComeBackAsTheyWere) {
  for (const at::ScalarType dtype : {at::kHalf, at::kBFloat16, at::kFloat, at::kDouble}) {
    EXPECT_EQ(written(read(dtype, "[5]", "[0.5,-2,0,1e3,-0.0]")), "[0.5,-2,0,1000,-0]");
  }
  EXPECT_EQ(written(read(at::kDouble, "[2]", "[0.1,1e300]")), "[0.1,1e+300]");
  EXPECT_EQ(written(read(at::kFloat, "[2]", "[0.1,1e30]")), "[0.1,1e+30]");
  EXPECT_EQ(written(read(at::kFloat, "[2]", "[9007199254740993,18446744073709551615]")),
            "[9.007199e+15,1.8446744e+19]");
}

TEST(JsonTensor, FloatsRoundToTheirTypeAndNeverToInfinity) {
  EXPECT_EQ(read(at::kHalf, "[1]", "[0.1]").item<float>(), static_cast<float>(at::Half(0.1F)));
  EXPECT_EQ(read(at::kFloat, "[1]", "[1e-60]").item<float>(), 0);
  const std::pair<at::ScalarType, std::string> cases[] = {
      {at::kHalf, "65520"}, {at::kBFloat16, "3.4e38"}, {at::kFloat, "1e39"}, {at::kFloat, "-1e39"}};
  for (const auto& [dtype, value] : cases) {
    EXPECT_THAT(refusal_of(dtype, value),
                HasSubstr("a number in the range of "s + std::string(oip_datatype(dtype))));
  }
  for (const char* value : {"true", "null", "\"1\"", "[]"}) {
    EXPECT_NE(refusal_of(at::kFloat, value), "") << value;
  }
}

TEST(JsonTensor, FlatAndNestedDataAreTheSame) {
  const at::Tensor flat = read(at::kInt, "[2,1,3]", "[1,2,3,4,5,6]");
  EXPECT_TRUE(flat.equal(read(at::kInt, "[2,1,3]", "[[[1,2,3]],[[4,5,6]]]")));
  EXPECT_EQ(flat.sizes(), (std::vector<int64_t>{2, 1, 3}));
}

TEST(JsonTensor, ASingleNumberHasAnEmptyShape) {
  EXPECT_EQ(read(at::kFloat, "[]", "[7]").item<float>(), 7);
  EXPECT_EQ(read(at::kFloat, "[]", "[7]").dim(), 0);
}

TEST(JsonTensor, ALongValueIsShortenedInTheMessage) {
  const std::string text = refusal_of(at::kInt, "\"" + std::string(100'000, 'v') + "\"");
  EXPECT_THAT(text, HasSubstr("vvv..."));
  EXPECT_LT(text.size(), 200);
}

// T10
TEST(JsonTensor, NanAndInfinityAreWrittenAsNull) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  for (const at::ScalarType dtype : {at::kHalf, at::kBFloat16, at::kFloat, at::kDouble}) {
    EXPECT_EQ(written(at::tensor({nan, inf, -inf, 1.0}).to(dtype)), "[null,null,null,1]");
  }
}

TEST(JsonTensor, WritesRowMajorWhateverTheStrides) {
  EXPECT_EQ(written(at::tensor({1, 2, 3, 4, 5, 6}).reshape({2, 3}).t()), "[1,4,2,5,3,6]");
}

}  // namespace
}  // namespace maas
