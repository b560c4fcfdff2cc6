#include "export/onnx/write.h"

#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "call/convolutions.h"
#include "export/onnx/round_trip.h"
#include "program/emit.h"

namespace maas {
namespace {

using testing::HasSubstr;

Program lenet() {
  GraphBuilder g("lenet", 1);
  Handle x = g.input("image", {1, 28, 28}, at::kByte);
  x = g.call("aten::to.dtype", {{"self", ValueRef{x.id}}, {"dtype", at::kFloat}});
  x = g.call("aten::div.Scalar", {{"self", ValueRef{x.id}}, {"other", 255.0}});
  x = g.max_pool2d(g.relu(g.conv2d("conv1", x, 4, 5, {.padding = 2})), 2, 2, 0);
  x = g.flatten(avg_pool(g, g.relu(g.batch_norm("bn", g.conv2d("conv2", x, 6, 3, {}))), {}));
  return g.finish({{"logits", g.linear("fc", g.dropout(x, 0.5), 10)}});
}

TEST(WriteOnnx, NamesOfInputsOutputsAndParametersStay) {
  const OnnxModel model = to_onnx(lenet());
  ASSERT_EQ(model.graph.inputs.size(), 1U);
  EXPECT_EQ(model.graph.inputs[0].name, "image");
  EXPECT_EQ(model.graph.outputs.at(0).name, "logits");
  std::vector<std::string> names;
  for (const OnnxTensor& tensor : model.graph.initializers) names.push_back(tensor.name);
  EXPECT_THAT(names, testing::IsSupersetOf(
                         {"conv1.weight", "conv1.bias", "bn.running_var", "fc.weight", "fc.bias"}));
  const Program read = read_back(lenet());
  EXPECT_EQ(read.user_inputs().at(0)->target, "image");
  EXPECT_EQ(read.user_output_names.at(0), "logits");
  EXPECT_EQ(read.parameters.count("conv1.weight"), 1U);
  EXPECT_EQ(read.buffers.count("bn.running_mean"), 1U);
  expect_same_outputs(lenet(), read);
}

TEST(WriteOnnx, TheBatchStaysDynamic) {
  const OnnxModel model = to_onnx(lenet());
  EXPECT_EQ(model.graph.inputs[0].shape->at(0).symbol, "s0");
  EXPECT_EQ(model.graph.outputs[0].shape->at(0).symbol, "s0");
  EXPECT_EQ(read_back(lenet()).output_shape().at(0).expression, "s0");
}

TEST(WriteOnnx, TheRangeOfTheBatchStays) {
  Program program = lenet();
  program.symbols["s0"] = {2, 64};
  const SymbolRange range = read_back(program).symbols.at("s0");
  EXPECT_EQ(range.min, 2);
  EXPECT_EQ(range.max, 64);
  program.symbols["s0"] = {std::nullopt, std::nullopt};
  EXPECT_FALSE(read_back(program).symbols.at("s0").max.has_value());
}

TEST(WriteOnnx, SameProgramSameBytes) {
  const Scratch scratch;
  write_onnx(lenet(), scratch.path("a"));
  write_onnx(lenet(), scratch.path("b"));
  EXPECT_EQ(scratch.read("a"), scratch.read("b"));
}

TEST(WriteOnnx, EveryOpsetIsReadAgain) {
  for (int64_t opset = kLowestOpset; opset <= kHighestOpset; ++opset) {
    expect_same_outputs(lenet(), read_back(lenet(), opset));
  }
  EXPECT_THAT(error_of([] { to_onnx(lenet(), 16); }, ErrorKind::kUsage), HasSubstr("17 to 21"));
}

TEST(WriteOnnx, AnOperatorWithoutARowIsNamedWithNodeAndFormat) {
  GraphBuilder g("net", 1);
  const Handle x = g.input("x", {4}, at::kFloat);
  const Program program = g.finish({{"y", g.call("aten::erfinv", {{"self", ValueRef{x.id}}})}});
  const std::string text = error_of([&] { to_onnx(program); }, ErrorKind::kUsage);
  EXPECT_THAT(text, HasSubstr("node 'y'"));
  EXPECT_THAT(text, HasSubstr("maas does not write aten::erfinv"));
  EXPECT_THAT(text, HasSubstr("--format pt2"));
}

TEST(WriteOnnx, AnOutputThatIsAnInputOrIsGivenTwiceHasItsOwnName) {
  GraphBuilder g("net", 1);
  const Handle x = g.input("x", {4}, at::kFloat);
  Program program = g.finish({{"y", g.relu(x)}});
  program.outputs.push_back(program.outputs[0]);
  program.outputs.push_back({GraphOutput::Kind::kUser, ValueRef{x.id}, ""});
  program.user_output_names = {"y", "z", "same"};
  const Program read = read_back(program);
  EXPECT_EQ(read.user_output_names, program.user_output_names);
  expect_same_outputs(program, read);
}

TEST(WriteOnnx, LargeTensorsGoToAFileBesideTheModel) {
  const Scratch scratch;
  OnnxOptions options;
  options.file.largest_file = 4000;
  options.file.data_name = "weights.bin";
  write_onnx(lenet(), scratch.path("net.onnx"), options);
  EXPECT_LT(std::filesystem::file_size(scratch.path("net.onnx")), 8000U);
  EXPECT_GT(std::filesystem::file_size(scratch.path("weights.bin")), 8000U);
  expect_same_outputs(lenet(), read_onnx(scratch.path("net.onnx")));
}

}  // namespace
}  // namespace maas
