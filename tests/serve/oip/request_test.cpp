#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "serve/requests.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using namespace std::string_literals;

TEST(InferRequest, IsReadWithItsIdTimeoutAndOutputs) {
  const InferRequest request =
      parse(request_json(input_json("FP32", "[2,2]", "[1,2,3,4]"),
                         R"(,"id":"42","parameters":{"timeout":250,"other":"x"},
                         "outputs":[{"name":"n"},{"name":"y","parameters":{"classification":2}}])"),
            small_model());
  EXPECT_EQ(request.id, "42");
  EXPECT_EQ(request.timeout.count(), 250);
  ASSERT_EQ(request.inputs.size(), 1);
  EXPECT_EQ(request.inputs[0].sizes(), (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(request.inputs[0].const_data_ptr<float>()[3], 4);
  ASSERT_EQ(request.outputs.size(), 2);
  EXPECT_EQ(request.outputs[0].index, 1);
  EXPECT_EQ(request.outputs[1].index, 0);
  EXPECT_EQ(request.outputs[1].classification, 2);
}

TEST(InferRequest, WithoutOutputsAsksForAll) {
  for (const char* more : {"", ",\"outputs\":[]"}) {
    const InferRequest request = parse(request_json(good_input(), more), small_model());
    ASSERT_EQ(request.outputs.size(), 2);
    EXPECT_EQ(request.outputs[1].index, 1);
    EXPECT_EQ(request.id, "");
    EXPECT_EQ(request.timeout.count(), 0);
  }
}

TEST(InferRequest, TakesTheInputsInAnyOrder) {
  SessionInfo info = small_model();
  info.inputs.push_back({"mask", at::kBool, {-1}});
  const std::string mask = input_json("BOOL", "[1]", "[true]", "mask");
  EXPECT_EQ(parse(request_json(mask + "," + good_input()), info).inputs[1].dtype(), at::kBool);
  EXPECT_THAT(refusal(request_json(good_input()), info), HasSubstr("inputs: has no 'mask'"));
  EXPECT_THAT(refusal(request_json(mask + "," + mask + "," + good_input()), info),
              HasSubstr("input 'mask': is given twice; expected once"));
}

// T01
TEST(InferRequest, ThatIsNotJsonIsRefusedWithTheByte) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "byte 0"},
      {"{", "byte 1"},
      {"{} x", "byte 3"},
      {"{}{}", "byte 2"},
      {"\xEF\xBB\xBF{}", "byte 0"},
      {"/* c */ {}", "byte 0"},
      {"{\"inputs\": [1,]}", "byte 14"},
      {"{\"inputs\": [NaN]}", "byte 12"},
      {"{\"inputs\": [Infinity]}", "byte 12"},
      {"{\"inputs\": 012}", "byte 12"},
      {"{'inputs': 1}", "byte 1"},
      {"{\"a\": \"x\0y\"}"s, "byte 8"},
      {"{\"a\": \"\xFF\"}", "is not UTF-8 at byte 7"},
      {"{\"a\": \"\xED\xA0\x80\"}", "is not UTF-8 at byte 7"},
  };
  for (const auto& [body, reason] : cases) {
    EXPECT_THAT(refusal(body), AllOf(HasSubstr("body: is not"), HasSubstr(reason))) << body;
  }
  EXPECT_THAT(refusal("{\"a\": 1e999}"), HasSubstr("is not JSON"));
  EXPECT_THAT(refusal("{\"a\": \"\\ud800\"}"), HasSubstr("is not JSON"));
}

// T02
TEST(InferRequest, ThatNestsTooDeepIsRefusedWithTheByte) {
  const std::string deep = std::string(65, '[') + "1" + std::string(65, ']');
  EXPECT_THAT(refusal(deep), HasSubstr("nests deeper than 64 at byte 64"));
  EXPECT_THAT(refusal(std::string(1'000'000, '[')), HasSubstr("at byte 64"));
  EXPECT_THAT(refusal(std::string(64, '[') + "1" + std::string(64, ']')),
              HasSubstr("body: is not an object"));
}

// T03
TEST(InferRequest, WithAMemberTwiceIsRefused) {
  EXPECT_THAT(refusal("{\"inputs\":[],\"inputs\":[]}"), HasSubstr("body: has 'inputs' twice"));
  const std::string twice =
      R"({"name":"x","shape":[1,2],"shape":[2,1],"datatype":"FP32","data":[1,2]})";
  EXPECT_THAT(refusal(request_json(twice)), HasSubstr("inputs: has 'shape' twice"));
  EXPECT_THAT(refusal(request_json(good_input(), R"(,"parameters":{"timeout":1,"timeout":2})")),
              HasSubstr("parameters: has 'timeout' twice"));
  EXPECT_THAT(refusal("{\"i\":1,\"\\u0069\":2}"), HasSubstr("has 'i' twice"));
}

TEST(InferRequest, WithoutWhatItNeedsIsRefused) {
  const std::pair<std::string, std::string> cases[] = {
      {"{}", "body: has no 'inputs'"},
      {"[]", "body: is not an object"},
      {"{\"inputs\":{}}", "inputs: is not an array"},
      {"{\"inputs\":[]}", "inputs: has no 'x'"},
      {"{\"inputs\":[1]}", "inputs: is not an object"},
      {"{\"inputs\":[{}]}", "inputs: has no 'name'"},
      {"{\"inputs\":[{\"name\":5}]}", "inputs, name: is not a string"},
      {"{\"inputs\":[{\"name\":\"x\"}]}", "input 'x': has no 'datatype'"},
      {request_json(R"({"name":"x","datatype":"FP32"})"), "input 'x': has no 'shape'"},
      {request_json(R"({"name":"x","datatype":"FP32","shape":[1,2]})"), "input 'x': has no 'data'"},
  };
  for (const auto& [body, reason] : cases) EXPECT_THAT(refusal(body), HasSubstr(reason)) << body;
}

// T05
TEST(InferRequest, WithAShapeThatIsNoneIsRefused) {
  const std::pair<std::string, std::string> cases[] = {
      {"[-1,2]", "shape [-1, 2] holds -1; expected sizes of at least 1"},
      {"[0,2]", "shape [0, 2] holds 0; expected sizes of at least 1"},
      {"[]", "has shape []; expected [-1, 2]"},
      {"[2]", "has shape [2]; expected [-1, 2]"},
      {"[1,2,1]", "has shape [1, 2, 1]; expected [-1, 2]"},
      {"[1,3]", "has shape [1, 3]; expected [-1, 2]"},
      {"[2147483648,2147483648,4]", "is too large; expected at most 2^31 elements"},
      {"[9223372036854775807,2]", "is too large; expected at most 2^31 elements"},
      {"[1,1,1,1,1,1,1,1,1]", "its shape has 9 dimensions; expected at most 8"},
      {"[1.5,2]", "holds something else than whole numbers"},
      {"[1.0,2]", "holds something else than whole numbers"},
      {"[18446744073709551615,2]", "holds something else than whole numbers"},
      {"[\"1\",2]", "holds something else than whole numbers"},
      {"[null,2]", "holds something else than whole numbers"},
      {"[[1],2]", "holds something else than whole numbers"},
      {"\"[1,2]\"", "shape: is not an array"},
  };
  for (const auto& [shape, reason] : cases) {
    const std::string text = refusal(request_json(input_json("FP32", shape, "[1,2]")));
    EXPECT_THAT(text, AllOf(HasSubstr("input 'x'"), HasSubstr(reason))) << shape;
  }
}

// T06
TEST(InferRequest, WhoseDataDoNotFillTheShapeIsRefused) {
  const auto with = [](const std::string& shape, const std::string& data) {
    return refusal(request_json(input_json("FP32", shape, data)));
  };
  EXPECT_THAT(with("[1,2]", "[1]"), HasSubstr("data has 1 values; expected 2, as shape [1, 2]"));
  EXPECT_THAT(with("[1,2]", "[1,2,3]"), HasSubstr("data has 3 values"));
  EXPECT_THAT(with("[1000000000,2]", "[1,2]"), HasSubstr("data has 2 values"));
  EXPECT_THAT(with("[1,2]", "[]"), HasSubstr("data has 0 values"));
  EXPECT_THAT(with("[1,2]", "3"), HasSubstr("data is not an array"));
  EXPECT_THAT(with("[2,2]", "[[1,2],[3,4,5]]"), HasSubstr("data has 5 values"));
  EXPECT_THAT(with("[2,2]", "[[1],[2,3,4]]"), HasSubstr("data has 1 values in dimension 1"));
  EXPECT_THAT(with("[2,2]", "[[1,2],3,4]"), HasSubstr("mixes nested and flat"));
  EXPECT_EQ(with("[2,2]", "[[1,2],[3,4]]"), "");
}

std::string bytes_of(std::vector<float> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

std::string binary_input(int64_t bytes, const std::string& more = "") {
  return fmt::format(
      R"({{"name":"x","datatype":"FP32","shape":[1,2],"parameters":{{"binary_data_size":{}}}{}}})",
      bytes, more);
}

// The texts live as long as the request, whose inputs may view them.
InferRequest parse_binary(std::string& body, const std::string& json, const std::string& binary,
                          const SessionInfo& info = small_model()) {
  body = json + binary;
  body.reserve(body.size() + 64);
  return parse_infer_request(body, info, {.json_bytes = json.size()});
}

std::string binary_refusal(const std::string& json, const std::string& binary,
                           const SessionInfo& info = small_model()) {
  std::string body;
  try {
    parse_binary(body, json, binary, info);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(InferRequest, TakesBinaryDataWhereverTheyLie) {
  for (const std::string blanks : {"", " ", "  ", "   "}) {  // aligned and not
    std::string body;
    const InferRequest request =
        parse_binary(body, request_json(binary_input(8)) + blanks, bytes_of({1.5, NAN}));
    EXPECT_EQ(request.inputs[0].sizes(), (std::vector<int64_t>{1, 2}));
    EXPECT_EQ(request.inputs[0].const_data_ptr<float>()[0], 1.5);
    EXPECT_TRUE(std::isnan(request.inputs[0].const_data_ptr<float>()[1]));
  }
}

TEST(InferRequest, WithBinaryDataOfAnotherLengthIsRefused) {
  const std::string eight = bytes_of({1, 2});
  const auto json = [](const std::string& input) { return request_json(input); };
  EXPECT_THAT(binary_refusal(json(binary_input(4)), eight.substr(0, 4)),
              HasSubstr("input 'x': has 4 bytes of binary data; expected 8, as FP32 [1, 2] takes"));
  EXPECT_THAT(binary_refusal(json(binary_input(8)), eight.substr(0, 7)),
              HasSubstr("has binary_data_size 8; expected at most the 7 bytes"));
  EXPECT_THAT(binary_refusal(json(binary_input(8)), eight + "x"),
              HasSubstr("body: has 9 bytes of binary data; expected 8"));
  EXPECT_THAT(binary_refusal(json(binary_input(-1)), eight), HasSubstr("is not a whole number"));
  EXPECT_THAT(binary_refusal(json(binary_input(8, R"(,"data":[1,2])")), eight),
              HasSubstr("has both 'data' and 'binary_data_size'"));
  EXPECT_THAT(binary_refusal(json(good_input()), eight), HasSubstr("has 8 bytes of binary data"));
  EXPECT_THAT(refusal(json(binary_input(8))), HasSubstr("at most the 0 bytes"));
  std::string body = "{}";
  body.reserve(80);
  EXPECT_THROW(parse_infer_request(body, small_model(), {.json_bytes = 3}), Error);
}

TEST(InferRequest, WithABooleanByteThatIsNoneIsRefused) {
  const std::string json = request_json(
      R"({"name":"x","datatype":"BOOL","shape":[3],"parameters":{"binary_data_size":3}})");
  const SessionInfo info = model_taking(at::kBool, {-1});
  EXPECT_EQ(binary_refusal(json, std::string("\1\0\1", 3), info), "");
  EXPECT_THAT(binary_refusal(json, std::string("\1\2\1", 3), info),
              HasSubstr("byte 1 is 2; expected 0 or 1"));
}

TEST(InferRequest, MayBeTheValuesOfTheOneInputAndNothingElse) {
  std::string body;
  const InferRequest request = parse_binary(body, "", bytes_of({1, 2, 3, 4}));
  EXPECT_EQ(request.inputs[0].sizes(), (std::vector<int64_t>{2, 2}));
  EXPECT_TRUE(request.outputs.at(0).binary);
  EXPECT_THAT(binary_refusal("", bytes_of({1, 2, 3})),
              HasSubstr("has 12 bytes of binary data; expected 8"));
  EXPECT_THAT(binary_refusal("", "x"), HasSubstr("shape [0, 2] holds 0"));
  SessionInfo two = small_model();
  two.inputs.push_back(two.inputs[0]);
  EXPECT_THAT(binary_refusal("", bytes_of({1, 2}), two), HasSubstr("this model has several"));
  EXPECT_THAT(binary_refusal("", bytes_of({1, 2}), model_taking(at::kFloat, {-1, -1})),
              HasSubstr("has more than one free size"));
}

TEST(InferRequest, SaysWhichOutputsComeInBinary) {
  const auto flags = [](const std::string& more) {
    std::string text;
    for (const WantedOutput& output :
         parse(request_json(good_input(), more), small_model()).outputs)
      text += output.binary ? "b" : "j";
    return text;
  };
  EXPECT_EQ(flags(""), "jj");
  EXPECT_EQ(flags(R"(,"parameters":{"binary_data_output":true})"), "bb");
  EXPECT_EQ(flags(R"(,"parameters":{"binary_data_output":true},"outputs":[{"name":"y"},)"
                  R"({"name":"n","parameters":{"binary_data":false}}])"),
            "bj");
  EXPECT_THAT(refusal(request_json(good_input(), R"(,"parameters":{"binary_data_output":1})")),
              HasSubstr("is neither true nor false"));
}

TEST(InferRequest, TakesNullForWhatIsNotThere) {
  EXPECT_EQ(refusal(request_json(good_input(), R"(,"id":null,"parameters":null,"outputs":null)")),
            "");
}

TEST(InferRequest, RefusesWhatThisServerWouldNotDo) {
  const auto with = [](const std::string& parameter) {
    return refusal(request_json(good_input(), ",\"parameters\":{" + parameter + "}"));
  };
  EXPECT_EQ(with(R"("sequence_id":0,"sequence_start":false,"priority":0)"), "");
  EXPECT_THAT(with(R"("sequence_id":7)"), HasSubstr("sequence_id: asks for what this server"));
  EXPECT_THAT(with(R"("sequence_id":"a")"), HasSubstr("sequence_id"));
  EXPECT_THAT(with(R"("priority":1)"), HasSubstr("priority: is 1; expected no such parameter"));
  const std::string shared = R"("parameters":{"shared_memory_region":"r"})";
  EXPECT_THAT(
      refusal(request_json(R"({"name":"x","datatype":"FP32","shape":[1,2],)" + shared + "}")),
      HasSubstr("input 'x': lies in shared memory"));
  EXPECT_THAT(refusal(request_json(good_input(), R"(,"outputs":[{"name":"y",)" + shared + "}]")),
              HasSubstr("output 'y': lies in shared memory"));
}

// T07
TEST(InferRequest, WithUnknownOrRepeatedTensorsIsRefused) {
  EXPECT_THAT(refusal(request_json(input_json("FP32", "[1,2]", "[1,2]", "z"))),
              HasSubstr("input 'z': is not one of this model's; expected x"));
  const auto with_outputs = [](const std::string& list) {
    return refusal(request_json(good_input(), ",\"outputs\":" + list));
  };
  EXPECT_THAT(with_outputs(R"([{"name":"z"}])"),
              HasSubstr("output 'z': is not one of this model's; expected y, n"));
  EXPECT_THAT(with_outputs(R"([{"name":"y"},{"name":"y"}])"),
              HasSubstr("output 'y': is asked for twice; expected once"));
  EXPECT_THAT(with_outputs("[{}]"), HasSubstr("outputs: has no 'name'"));
  EXPECT_THAT(with_outputs("{}"), HasSubstr("outputs: is not an array"));
  std::string many = "[{\"name\":\"y\"}";
  for (int i = 1; i < 10000; ++i) many += ",{\"name\":\"y\"}";
  EXPECT_THAT(with_outputs(many + "]"), HasSubstr("outputs: is too long; expected at most 256"));
}

TEST(InferRequest, WithALongNameIsRefusedInAShortMessage) {
  const std::string text =
      refusal(request_json(input_json("FP32", "[1,2]", "[1,2]", std::string(1'000'000, 'n'))));
  EXPECT_THAT(text, HasSubstr("is not one of this model's"));
  EXPECT_LT(text.size(), 400);
}

// T08
TEST(InferRequest, OfAnotherDatatypeIsRefused) {
  for (const char* datatype : {"FP16", "FP64", "INT64", "BYTES", "fp32", "", "UINT8"}) {
    EXPECT_THAT(refusal(request_json(input_json(datatype, "[1,2]", "[1,2]"))),
                HasSubstr("has datatype "s + datatype + "; expected FP32"));
  }
}

// T09
TEST(InferRequest, WithAnIndexOutOfRangeIsRefused) {
  for (const at::ScalarType dtype : {at::kLong, at::kInt, at::kByte, at::kUInt64}) {
    SessionInfo info = model_taking(dtype, {-1, -1});
    info.inputs[0].values = {{0, 99, "it picks from 'wte.weight'"}};
    const std::string datatype(oip_datatype(dtype));
    EXPECT_EQ(refusal(request_json(input_json(datatype, "[1,2]", "[0,99]")), info), "");
    EXPECT_THAT(
        refusal(request_json(input_json(datatype, "[1,2]", "[0,100]")), info),
        HasSubstr("input 'x': value 1 is 100; expected 0 to 99: it picks from 'wte.weight'"));
  }
  SessionInfo info = model_taking(at::kLong, {-1});
  info.inputs[0].values = {{0, 99, "it picks from 'wte.weight'"}};
  EXPECT_THAT(refusal(request_json(input_json("INT64", "[1]", "[-1]")), info),
              HasSubstr("value 0 is -1; expected 0 to 99"));
}

TEST(InferRequest, LimitsOnAPartOfAnInputAreCheckedThere) {
  SessionInfo info = model_taking(at::kLong, {-1, 2, 2});
  info.inputs[0].values = {{0, 5, "it picks from 'a'", 1, 1, 2}};
  const auto with = [&](const std::string& data) {
    return refusal(request_json(input_json("INT64", "[2,2,2]", data)), info);
  };
  EXPECT_EQ(with("[9,9,5,0,-9,9,1,2]"), "");
  EXPECT_THAT(with("[0,0,0,6,0,0,0,0]"), HasSubstr("value 3 is 6; expected 0 to 5"));
  EXPECT_THAT(with("[0,0,0,0,0,0,-1,0]"), HasSubstr("value 6 is -1; expected 0 to 5"));
}

// T11
TEST(InferRequest, WithMoreRowsThanAllowedIsRefused) {
  const std::string two = request_json(input_json("FP32", "[2,2]", "[1,2,3,4]"));
  EXPECT_EQ(refusal(two, small_model(), 2), "");
  EXPECT_THAT(refusal(two, small_model(), 1),
              HasSubstr("input 'x': has 2 rows; expected at most 1"));
}

TEST(InferRequest, WithAClassificationThatIsNoneIsRefused) {
  for (const char* count : {"0", "-1", "1.5", "\"2\"", "true", "1e30"}) {
    const std::string outputs =
        fmt::format(R"(,"outputs":[{{"name":"y","parameters":{{"classification":{}}}}}])", count);
    EXPECT_THAT(refusal(request_json(good_input(), outputs)),
                HasSubstr("output 'y', classification: is not a positive whole number"));
  }
  SessionInfo info = small_model();
  info.outputs[0].shape = {};
  EXPECT_THAT(refusal(request_json(good_input(), R"(,"outputs":[{"name":"y","parameters":)"
                                                 R"({"classification":1}}])"),
                      info),
              HasSubstr("output 'y': is a single number"));
}

TEST(InferRequest, TakesParametersThatItDoesNotKnow) {
  EXPECT_EQ(refusal(request_json(good_input(), R"(,"parameters":{"binary_data_output":true},)"
                                               R"("outputs":[{"name":"y","parameters":)"
                                               R"({"binary_data":false}}],"more":[1])")),
            "");
}

TEST(InferRequest, WithParametersThatAreNoneIsRefused) {
  const auto with = [](const std::string& parameters) {
    return refusal(request_json(good_input(), ",\"parameters\":" + parameters));
  };
  EXPECT_THAT(with("[]"), HasSubstr("parameters: is not an object"));
  EXPECT_THAT(with("{\"a\":[]}"), HasSubstr("parameters, 'a': is an array or an object"));
  EXPECT_EQ(with("{\"a\":null}"), "");
  for (const char* timeout : {"-1", "1.5", "\"1\"", "1e30"}) {
    EXPECT_THAT(with("{\"timeout\":"s + timeout + "}"),
                HasSubstr("parameters, timeout: is not a whole number from 0 on"));
  }
}

// T13
TEST(InferRequest, WithAnIdThatIsNotPlainIsRefused) {
  const std::string long_id(1'000'000, 'x');
  for (const std::string& id : {"\"" + long_id + "\"", "\"a\\nb\""s, "\"\\u001b[2J\""s,
                                "\"caf\xC3\xA9\""s, "\"\\u0000\""s}) {
    EXPECT_THAT(refusal(request_json(good_input(), ",\"id\":" + id)),
                HasSubstr("id: is too long or holds control or non-ASCII characters"));
  }
  EXPECT_THAT(refusal(request_json(good_input(), ",\"id\":5")), HasSubstr("id: is not a string"));
  EXPECT_EQ(refusal(request_json(good_input(), ",\"id\":\"" + std::string(256, 'x') + "\"")), "");
}

TEST(InferRequest, WithTooManyMembersIsRefused) {
  std::string body = "{\"m\":0";
  for (int i = 0; i < 300; ++i) body += fmt::format(",\"m{}\":0", i);
  EXPECT_THAT(refusal(body + "}"), HasSubstr("body: has too many members; expected at most 256"));
}

}  // namespace
}  // namespace maas
