#include "serve/grpc/infer.h"

#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "base/error.h"

namespace maas {
namespace {

using testing::HasSubstr;

SessionInfo model(at::ScalarType dtype) {
  SessionInfo info;
  info.name = "net";
  info.inputs = {{"x", dtype, {-1, 2}}};
  info.outputs = {{"y", dtype, {-1, 3}}};
  info.labels = {"cat", "dog", "eel"};
  return info;
}

constexpr std::array<int64_t, 2> kShape{1, 2};

GrpcInput input(std::string_view datatype) {
  GrpcInput given{"x", datatype, kShape, {}, true, {}};
  return given;
}

InferRequest parse(const GrpcInferRequest& request, const SessionInfo& info) {
  const GrpcRequestText text = grpc_request_text(request);
  InferRequest parsed = parse_grpc_request(text, info, {.max_batch = 4, .priority_levels = 3});
  for (at::Tensor& tensor : parsed.inputs) tensor = tensor.clone();
  return parsed;
}

std::string refusal(const GrpcInferRequest& request, const SessionInfo& info) {
  try {
    parse(request, info);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    return error.what();
  }
  return "";
}

TEST(GrpcInfer, RawContentsAreTheInputsInTheirOrder) {
  const std::array<float, 2> values{1.5F, -2};
  GrpcInferRequest request;
  request.id = "7";
  request.inputs = {{"x", "FP32", kShape, {}, false, {}}};
  request.raw = {{reinterpret_cast<const char*>(values.data()), sizeof values}};
  const InferRequest parsed = parse(request, model(at::kFloat));
  EXPECT_EQ(parsed.id, "7");
  EXPECT_TRUE(parsed.inputs.at(0).equal(at::tensor({1.5F, -2.F}).view({1, 2})));
  EXPECT_TRUE(parsed.outputs.at(0).binary);
}

TEST(GrpcInfer, TheSizeOfRawContentsMayBeToldIfItIsTrue) {
  const std::array<float, 2> values{1, 2};
  GrpcInferRequest request;
  request.inputs = {{"x", "FP32", kShape, {{"binary_data_size", int64_t{8}}}, false, {}}};
  request.raw = {{reinterpret_cast<const char*>(values.data()), sizeof values}};
  EXPECT_TRUE(
      parse(request, model(at::kFloat)).inputs.at(0).equal(at::tensor({1.F, 2.F}).view({1, 2})));
  request.inputs[0].parameters[0].second = uint64_t{8};
  EXPECT_EQ(refusal(request, model(at::kFloat)), "");
  request.inputs[0].parameters[0].second = int64_t{9};
  EXPECT_THAT(refusal(request, model(at::kFloat)),
              HasSubstr("input 'x', parameter binary_data_size: is not the size of its "
                        "raw_input_contents; expected 8"));
  request.inputs = {input("FP32")};
  request.inputs[0].contents.floats = values;
  request.inputs[0].parameters = {{"binary_data_size", int64_t{8}}};
  request.raw.clear();
  EXPECT_THAT(refusal(request, model(at::kFloat)), HasSubstr("none beside contents"));
}

TEST(GrpcInfer, TypedListsAreNarrowedToTheDatatypeOrRefused) {
  GrpcInferRequest request;
  request.inputs = {input("INT8")};
  std::array<int32_t, 2> values{127, -128};
  request.inputs[0].contents.ints = values;
  const InferRequest parsed = parse(request, model(at::kChar));
  EXPECT_EQ(parsed.inputs.at(0)[0][1].item<int>(), -128);
  EXPECT_FALSE(parsed.outputs.at(0).binary);
  values[1] = 128;
  EXPECT_THAT(refusal(request, model(at::kChar)), HasSubstr("value 1 is 128"));
  request.inputs[0].contents.ints = std::span(values).first(1);
  EXPECT_THAT(refusal(request, model(at::kChar)), HasSubstr("has 1 values"));
}

TEST(GrpcInfer, ValuesInTwoPlacesOrInTheWrongListAreRefused) {
  const std::array<float, 2> values{1, 2};
  GrpcInferRequest request;
  request.inputs = {input("FP32")};
  EXPECT_THAT(refusal(request, model(at::kFloat)), HasSubstr("has 0 values"));
  request.inputs[0].contents.floats = values;
  request.raw = {"12345678"};
  EXPECT_THAT(refusal(request, model(at::kFloat)), HasSubstr("beside raw_input_contents"));
  request.raw = {};
  const std::array<double, 2> doubles{1, 2};
  request.inputs[0].contents.doubles = doubles;
  EXPECT_THAT(refusal(request, model(at::kFloat)), HasSubstr("another list"));
  request.inputs[0].contents.doubles = {};
  request.raw = {"", ""};
  request.inputs[0].has_contents = false;
  EXPECT_THAT(refusal(request, model(at::kFloat)), HasSubstr("2 entries for 1"));
}

TEST(GrpcInfer, ShapesThatOverflowAreRefusedBeforeMemoryIsTaken) {
  const std::array<float, 2> values{1, 2};
  const std::array<std::array<int64_t, 2>, 4> shapes{
      {{int64_t{1} << 62, 8}, {-1, 2}, {0, 2}, {std::numeric_limits<int64_t>::min(), 2}}};
  for (const auto& shape : shapes) {
    GrpcInferRequest request;
    request.inputs = {input("FP32")};
    request.inputs[0].shape = shape;
    request.inputs[0].contents.floats = values;
    EXPECT_NE(refusal(request, model(at::kFloat)), "");
  }
}

TEST(GrpcInfer, NamesAndParametersCannotForgeTheText) {
  const std::array<float, 2> values{1, 2};
  GrpcInferRequest request;
  request.inputs = {input("FP32")};
  request.inputs[0].contents.floats = values;
  request.inputs[0].name = "x\",\"name\":\"y";
  EXPECT_THAT(refusal(request, model(at::kFloat)), HasSubstr("is not one of this model's"));
  request.inputs[0].name = "x";
  request.inputs[0].parameters = {{"binary_data_size", int64_t{0}}};
  EXPECT_NE(refusal(request, model(at::kFloat)), "");  // given twice
  request.inputs[0].parameters = {{"shared_memory_region", std::string_view("r")}};
  EXPECT_THAT(refusal(request, model(at::kFloat)), HasSubstr("shared memory"));
  request.inputs[0].parameters = {{"ours", 0.5}, {"unset", std::monostate()}};
  EXPECT_EQ(refusal(request, model(at::kFloat)), "");
}

TEST(GrpcInfer, APriorityIsSeenBeforeTheRequestIsRead) {
  const std::array<float, 2> values{1, 2};
  GrpcInferRequest request;
  request.inputs = {input("FP32")};
  request.inputs[0].contents.floats = values;
  EXPECT_EQ(grpc_priority(request), 0);
  request.parameters = {{"priority", uint64_t{2}}};
  EXPECT_EQ(grpc_priority(request), 2);
  EXPECT_EQ(parse(request, model(at::kFloat)).priority, 2);
  request.parameters = {{"priority", int64_t{4}}};
  EXPECT_THAT(refusal(request, model(at::kFloat)), HasSubstr("priority"));
}

TEST(GrpcInfer, AnswersAreTypedUnlessATypeHasNoList) {
  InferRequest request;
  request.id = "7";
  request.outputs = {{0, 0, false}};
  const at::Tensor row = at::tensor({1.F, 3.F, 2.F}).view({1, 3});
  const SessionInfo info = model(at::kFloat);
  EXPECT_FALSE(grpc_infer_answer(info, request, {row}).raw);
  EXPECT_EQ(grpc_infer_answer(info, request, {row}).outputs[0].bytes.size(), 12U);
  EXPECT_TRUE(grpc_infer_answer(model(at::kHalf), request, {row.to(at::kHalf)}).raw);
  request.outputs = {{0, 2, false}};
  const GrpcInferAnswer top = grpc_infer_answer(info, request, {row});
  EXPECT_EQ(top.outputs[0].datatype, "BYTES");
  EXPECT_EQ(top.outputs[0].shape, (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(top.outputs[0].bytes, std::string("\x0e\0\0\0"
                                              "3.000000:1:dog"
                                              "\x0e\0\0\0"
                                              "2.000000:2:eel",
                                              36));
}

TEST(GrpcInfer, OutputsThatAreNoNumbersAreCounted) {
  InferRequest request;
  request.outputs = {{0, 0, true}};
  const at::Tensor row = at::full({1, 3}, std::numeric_limits<float>::quiet_NaN());
  const SessionInfo info = model(at::kFloat);
  const GrpcInferAnswer answer = grpc_infer_answer(info, request, {row});
  ASSERT_EQ(answer.outputs[0].parameters.size(), 1U);
  EXPECT_EQ(answer.outputs[0].parameters[0],
            std::pair(std::string_view("not_numbers"), int64_t{3}));
}

}  // namespace
}  // namespace maas
