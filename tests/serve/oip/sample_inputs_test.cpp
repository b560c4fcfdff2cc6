#include "serve/oip/sample_inputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "serve/requests.h"
#include "serve/sample_models.h"

namespace maas {
namespace {

using testing::HasSubstr;
using namespace std::string_literals;

std::string text_bytes(const std::string& text) {
  const auto size = static_cast<uint32_t>(text.size());
  return std::string(reinterpret_cast<const char*>(&size), sizeof size) + text;
}

std::string bytes_json(const std::string& name, const std::string& shape, const std::string& data) {
  return input_json("BYTES", shape, data, name);
}

std::string columns(const std::string& city = "[\"rome\",\"oslo\"]") {
  return input_json("INT64", "[2]", "[42, 7]", "age") + "," +
         input_json("FP32", "[2,1]", "[1.5, 2]", "income") + "," + bytes_json("city", "[2]", city);
}

TEST(SampleInputs, ImageFilesInBase64BecomePixels) {
  const std::string files = "[\"" + std::string(kSmallPng) + "\",\"" + kSmallPng + "\"]";
  for (const char* shape : {"[2]", "[2,1]"}) {
    const InferRequest request =
        parse(request_json(bytes_json("image", shape, files)), image_model());
    ASSERT_EQ(request.inputs.at(0).sizes(), (std::vector<int64_t>{2, 1, 2, 2}));
    EXPECT_EQ(request.inputs[0][1][0][0][1].item<int>(), 85);
  }
  EXPECT_THAT(refusal(request_json(bytes_json("image", "[1]", "[\"???\"]")), image_model()),
              HasSubstr("input 'image'[0]: is not base64"));
  EXPECT_THAT(refusal(request_json(bytes_json("image", "[1]", "[\"aGVsbG8=\"]")), image_model()),
              HasSubstr("input 'image'[0]"));
  EXPECT_THAT(refusal(request_json(bytes_json("picture", "[1]", "[\"\"]")), image_model()),
              HasSubstr("'image' alone"));
  EXPECT_THAT(refusal(request_json(bytes_json("image", "[3]", files)), image_model()),
              HasSubstr("has 2 values"));
  EXPECT_THAT(refusal(request_json(bytes_json("image", "[2]", files)), image_model(), 1),
              HasSubstr("at most 1"));
}

TEST(SampleInputs, ImageFilesComeInBinaryDataToo) {
  const std::string data = text_bytes(small_png());
  std::string body = request_json(
      R"({"name":"image","datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":)" +
      std::to_string(data.size()) + "}}");
  const size_t json_bytes = body.size();
  body += data;
  body.reserve(body.size() + 64);
  const InferRequest request = parse_infer_request(body, image_model(), {.json_bytes = json_bytes});
  EXPECT_EQ(request.inputs.at(0)[0][0][1][1].item<int>(), 255);
}

TEST(SampleInputs, ColumnsOfATableGoByTheirNames) {
  const InferRequest request = parse(request_json(columns()), table_model());
  ASSERT_EQ(request.inputs.size(), 2U);
  EXPECT_EQ(request.inputs[1][0][0].item<int>(), 2);  // rome
  EXPECT_EQ(request.inputs[1][1][0].item<int>(), 1);  // oslo
  EXPECT_TRUE(request.warnings.empty());
  const InferRequest unknown =
      parse(request_json(columns("[[\"paris\"],[\"oslo\"]]")), table_model());
  EXPECT_EQ(unknown.inputs[1][0][0].item<int>(), 0);
  ASSERT_EQ(unknown.warnings.size(), 1U);
  EXPECT_THAT(infer_answer(table_model(), unknown, {at::tensor({1.F, 2.F}).view({2, 1})}).body,
              HasSubstr("\"parameters\":{\"warnings\":\""));
}

TEST(SampleInputs, ColumnsThatDoNotFitAreRefused) {
  EXPECT_THAT(refusal(request_json(bytes_json("shoe", "[1]", "[\"1\"]")), table_model()),
              HasSubstr("input 'shoe': is no column of this model"));
  EXPECT_THAT(refusal(request_json(columns() + "," + bytes_json("city", "[2]", "[\"a\",\"b\"]")),
                      table_model()),
              HasSubstr("given twice"));
  EXPECT_THAT(refusal(request_json(columns("[\"rome\",7]")), table_model()), HasSubstr("city"));
  EXPECT_THAT(refusal(request_json(bytes_json("city", "[1]", "[\"rome\"]")), table_model()),
              HasSubstr("age"));
  EXPECT_THAT(refusal(request_json(input_json("INT64", "[1]", "[1]", "age") + "," +
                                   bytes_json("city", "[2]", "[\"a\",\"b\"]")),
                      table_model()),
              HasSubstr("has 2 rows; expected 1"));
  EXPECT_THAT(refusal(request_json(bytes_json("city", "[1,2]", "[\"a\",\"b\"]")), table_model()),
              HasSubstr("[rows] or [rows, 1]"));
  EXPECT_NE(
      refusal(request_json(bytes_json("city", "[4611686018427387904,4]", "[]")), table_model()),
      "");
}

TEST(SampleInputs, AModelOfTensorsTakesNoBytes) {
  EXPECT_THAT(refusal(request_json(bytes_json("x", "[1]", "[\"a\"]"))),
              HasSubstr("has datatype BYTES; expected FP32"));
}

TEST(SampleInputs, LengthsThatLieAreRefused) {
  EXPECT_EQ(texts_from_bytes(text_bytes("ab") + text_bytes(""), 2, "x")[0], "ab");
  for (const std::string& bytes :
       {""s, "\1"s, "\xff\xff\xff\xff"s, text_bytes("ab").substr(0, 5), text_bytes("a") + "b",
        text_bytes("a") + text_bytes("b") + text_bytes("c"), text_bytes("a")}) {
    EXPECT_THROW(texts_from_bytes(bytes, 2, "x"), Error);
  }
  const std::string text = "\xff";
  EXPECT_THROW(samples_of_inputs({{"city", {text}, false, {}}}, table_model()), Error);
}

}  // namespace
}  // namespace maas
