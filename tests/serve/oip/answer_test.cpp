#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "serve/requests.h"

namespace maas {
namespace {

using testing::HasSubstr;

std::string answer(const std::string& more, const at::Tensor& y,
                   const std::vector<std::string>& labels = {}) {
  SessionInfo info = small_model();
  info.labels = labels;
  return infer_answer(info, parse(request_json(good_input(), more), info),
                      {y, at::tensor({int64_t{7}})})
      .body;
}

at::Tensor row(std::vector<float> values) { return at::tensor(values).unsqueeze(0); }

std::string best(int count, const at::Tensor& y, const std::vector<std::string>& labels = {}) {
  return answer(
      fmt::format(R"(,"outputs":[{{"name":"y","parameters":{{"classification":{}}}}}])", count), y,
      labels);
}

TEST(InferAnswer, HasTheModelItsVersionAndEveryOutput) {
  EXPECT_EQ(answer("", row({1, 2.5, -3})),
            R"({"model_name":"net","model_version":"1","outputs":[)"
            R"({"name":"y","datatype":"FP32","shape":[1,3],"data":[1,2.5,-3]},)"
            R"({"name":"n","datatype":"INT64","shape":[1],"data":[7]}]})");
}

TEST(InferAnswer, HasTheIdWhenOneWasGiven) {
  EXPECT_THAT(answer(R"(,"id":"a\"b")", row({1, 2, 3})), HasSubstr(R"("id":"a\"b","outputs")"));
}

TEST(InferAnswer, HasTheOutputsThatWereAskedForInTheirOrder) {
  EXPECT_EQ(answer(R"(,"outputs":[{"name":"n"}])", row({1, 2, 3})),
            R"({"model_name":"net","model_version":"1","outputs":[)"
            R"({"name":"n","datatype":"INT64","shape":[1],"data":[7]}]})");
}

TEST(InferAnswer, ClassifiesWithTheHighestFirst) {
  EXPECT_THAT(best(2, row({0.25, 4, -1}), {"cat", "dog"}),
              HasSubstr(R"("name":"y","datatype":"BYTES","shape":[1,2],)"
                        R"("data":["4.000000:1:dog","0.250000:0:cat"])"));
  EXPECT_THAT(best(1, row({0, 0, 9}), {"cat", "dog"}), HasSubstr(R"("data":["9.000000:2"])"));
}

TEST(InferAnswer, ClassifiesEveryRowAndNoMoreThanThereAre) {
  EXPECT_THAT(best(99, at::tensor({1.F, 2.F, 3.F, 4.F}).reshape({2, 2})),
              HasSubstr(R"("shape":[2,2],"data":["2.000000:1","1.000000:0","4.000000:1",)"
                        R"("3.000000:0"])"));
}

TEST(InferAnswer, PutsTheFirstOfEqualsFirstAndNanLast) {
  EXPECT_THAT(best(3, row({NAN, 1, 1})),
              HasSubstr(R"("data":["1.000000:1","1.000000:2","nan:0"])"));
}

TEST(InferAnswer, StaysJsonWhenTheOutputsAreNotNumbers) {
  EXPECT_THAT(answer("", row({NAN, INFINITY, 1})), HasSubstr("\"data\":[null,null,1]"));
}

TEST(InferAnswer, SaysHowManyValuesAreNotANumber) {
  const std::string told = R"("parameters":{"not_numbers":2})";
  EXPECT_THAT(answer("", row({NAN, 1, NAN})), HasSubstr(told));
  EXPECT_THAT(best(1, row({NAN, 1, NAN})), HasSubstr(told));
  EXPECT_THAT(answer("", row({INFINITY, 1, -INFINITY})),
              HasSubstr(R"("parameters":{"infinities":2}})"));
}

TEST(InferAnswer, TakesOutputsOfAnySize) {
  EXPECT_THAT(answer("", at::empty({0, 3})), HasSubstr(R"("shape":[0,3],"data":[])"));
  EXPECT_THAT(best(2, at::empty({0, 3})), HasSubstr(R"("shape":[0,2],"data":[])"));
  EXPECT_THAT(best(2, at::empty({2, 0})), HasSubstr(R"("shape":[2,0],"data":[])"));
}

TEST(Metadata, NamesTheServerAndWhatItCan) {
  EXPECT_EQ(
      server_metadata("0.1.0"),
      R"({"name":"maas","version":"0.1.0","extensions":["classification","binary_tensor_data",)"
      R"("model_configuration","model_repository","statistics","trace","logging"]})");
}

TEST(Metadata, NamesTheTensorsOfTheModel) {
  EXPECT_EQ(model_metadata(small_model(), {"2", "1"}),
            R"({"name":"net","versions":["2","1"],"platform":"maas_pt2",)"
            R"("inputs":[{"name":"x","datatype":"FP32","shape":[-1,2]}],)"
            R"("outputs":[{"name":"y","datatype":"FP32","shape":[-1,3]},)"
            R"({"name":"n","datatype":"INT64","shape":[-1]}]})");
}

TEST(Metadata, KnowsEveryDatatypeOfTheProtocolThatIsANumber) {
  const std::pair<at::ScalarType, const char*> names[] = {
      {at::kBool, "BOOL"},     {at::kByte, "UINT8"},    {at::kUInt16, "UINT16"},
      {at::kUInt32, "UINT32"}, {at::kUInt64, "UINT64"}, {at::kChar, "INT8"},
      {at::kShort, "INT16"},   {at::kInt, "INT32"},     {at::kLong, "INT64"},
      {at::kHalf, "FP16"},     {at::kBFloat16, "BF16"}, {at::kFloat, "FP32"},
      {at::kDouble, "FP64"}};
  for (const auto& [dtype, name] : names) EXPECT_EQ(oip_datatype(dtype), name);
  EXPECT_EQ(oip_datatype(at::kComplexFloat), "");
}

TEST(ModelName, NeedsNoEscaping) {
  for (const char* name : {"m", "resnet-18_v1.5", "0"}) EXPECT_TRUE(is_model_name(name)) << name;
  for (const char* name : {"", ".m", "-m", "_m", "a/b", "a b", "a%", "caf\xC3\xA9"}) {
    EXPECT_FALSE(is_model_name(name)) << name;
  }
  EXPECT_FALSE(is_model_name(std::string(129, 'a')));
}

}  // namespace
}  // namespace maas
