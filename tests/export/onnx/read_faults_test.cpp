// What is no ONNX file, or one that means harm: refused by name, never a crash.
#include <ATen/ops/ones.h>
#include <gmock/gmock.h>

#include <filesystem>

#include "export/onnx/round_trip.h"
#include "export/onnx/wire.h"

namespace maas {
namespace {

using testing::HasSubstr;

OnnxNode node_of(const std::string& op, std::vector<std::string> inputs,
                 std::vector<std::string> outputs) {
  OnnxNode node;
  node.name = "n_" + outputs.at(0);
  node.op = op;
  node.inputs = std::move(inputs);
  node.outputs = std::move(outputs);
  return node;
}

OnnxTensor tensor_of(const std::string& name, const at::Tensor& values) {
  OnnxTensor tensor;
  tensor.name = name;
  tensor.values = values;
  return tensor;
}

// y = relu(x) + w
OnnxModel small_model() {
  OnnxModel model;
  model.ir_version = 8;
  model.opset = 17;
  model.graph.inputs = {{"x", 1, {{{std::nullopt, "batch"}, {4, ""}}}}};
  model.graph.outputs = {{"y", 1, {{{std::nullopt, "batch"}, {4, ""}}}}};
  model.graph.nodes = {node_of("Relu", {"x"}, {"h"}), node_of("Add", {"h", "w"}, {"y"})};
  model.graph.initializers = {tensor_of("w", at::ones({4}))};
  return model;
}

std::string refused(const Scratch& scratch, const OnnxModel& model) {
  save_onnx(model, scratch.path("net.onnx"));
  return error_of([&] { read_onnx(scratch.path("net.onnx")); });
}

TEST(ReadOnnx, ASmallFileIsRead) {
  const Scratch scratch;
  save_onnx(small_model(), scratch.path("net.onnx"));
  const Program program = read_onnx(scratch.path("net.onnx"));
  verify(program, "net.onnx");
  EXPECT_EQ(program.output_shape().at(0).expression, "batch");
  EXPECT_EQ(program.parameters.count("w"), 1U);
}

TEST(ReadOnnx, AnInputThatIsLeftOutIsNamed) {
  const Scratch scratch;
  OnnxModel model = small_model();
  model.graph.nodes = {node_of("BatchNormalization", {"x", "w", "w"}, {"y"})};
  EXPECT_THAT(refused(scratch, model), HasSubstr("input 3 is missing"));
}

TEST(ReadOnnx, EveryTruncationIsRefused) {
  const Scratch scratch;
  save_onnx(small_model(), scratch.path("net.onnx"));
  const std::string bytes = scratch.read("net.onnx");
  for (size_t size = 0; size < bytes.size(); ++size) {
    scratch.write("cut.onnx", bytes.substr(0, size));
    EXPECT_THAT(error_of([&] { read_onnx(scratch.path("cut.onnx")); }), HasSubstr("cut.onnx"));
  }
}

TEST(ReadOnnx, AFlippedBitIsAProgramOrAnError) {
  const Scratch scratch;
  save_onnx(small_model(), scratch.path("net.onnx"));
  const std::string bytes = scratch.read("net.onnx");
  int64_t refusals = 0;
  for (size_t bit = 0; bit < 8 * bytes.size(); bit += 7) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    scratch.write("flipped.onnx", flipped);
    try {
      verify(read_onnx(scratch.path("flipped.onnx")), "flipped.onnx");
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("flipped.onnx"));
      ++refusals;
    }
  }
  EXPECT_GT(refusals, static_cast<int64_t>(bytes.size()) / 4);
}

TEST(ReadOnnx, ACycleIsRefusedNamingTheNode) {
  const Scratch scratch;
  OnnxModel model = small_model();
  model.graph.nodes[0].inputs = {"y"};
  const std::string text = refused(scratch, model);
  EXPECT_THAT(text, HasSubstr("node 'n_h' (Relu): reads 'y', which nothing before it makes"));
  EXPECT_THAT(text, HasSubstr("without a cycle"));
}

TEST(ReadOnnx, AValueThatIsMadeTwiceIsRefused) {
  const Scratch scratch;
  OnnxModel model = small_model();
  model.graph.nodes.push_back(node_of("Relu", {"x"}, {"h"}));
  EXPECT_THAT(refused(scratch, model), HasSubstr("makes 'h', which is there already"));
}

TEST(ReadOnnx, UnknownOperatorsDomainsAndOpsetsAreNamed) {
  const Scratch scratch;
  OnnxModel model = small_model();
  model.graph.nodes[0].op = "Loop";
  EXPECT_THAT(refused(scratch, model), HasSubstr("no counterpart of ONNX's Loop"));
  model.graph.nodes[0].op = "Relu";
  model.graph.nodes[0].domain = "com.example";
  EXPECT_THAT(refused(scratch, model), HasSubstr("an operator of 'com.example'"));
  model = small_model();
  model.opset = 9;
  EXPECT_THAT(refused(scratch, model), HasSubstr("opset 9; expected 13 to 25"));
}

// Messages are built by hand where the writer would not write such a thing.
std::string with_tensor(const std::string& tensor) {
  WireWriter info, graph, model, opset;
  opset.integer(2, 17);
  graph.bytes(5, tensor);
  model.integer(1, 8);
  model.bytes(8, opset.text());
  model.bytes(7, graph.text());
  return model.text();
}

std::string refused_tensor(const Scratch& scratch, const WireWriter& tensor) {
  scratch.write("net.onnx", with_tensor(tensor.text()));
  return error_of([&] { read_onnx(scratch.path("net.onnx")); });
}

TEST(ReadOnnx, AHugeInitializerIsRefusedBeforeItIsAllocated) {
  const Scratch scratch;
  WireWriter tensor;
  tensor.integers(1, {int64_t{1} << 40});
  tensor.integer(2, 1);
  tensor.bytes(8, "w");
  tensor.bytes(9, "abcd");
  EXPECT_THAT(refused_tensor(scratch, tensor), HasSubstr("tensor 'w': 4 bytes for shape"));
  WireWriter endless;
  endless.integers(1, {int64_t{1} << 40, int64_t{1} << 40});
  endless.integer(2, 1);
  endless.bytes(8, "w");
  EXPECT_THAT(refused_tensor(scratch, endless), HasSubstr("whose product fits 63 bits"));
}

std::string external(const std::string& location, const std::string& offset = "0") {
  WireWriter tensor;
  tensor.integers(1, {4});
  tensor.integer(2, 1);
  tensor.bytes(8, "w");
  for (const auto& [key, value] :
       {std::pair<std::string, std::string>("location", location), {"offset", offset}}) {
    WireWriter entry;
    entry.bytes(1, key);
    entry.bytes(2, value);
    tensor.bytes(13, entry.text());
  }
  tensor.integer(14, 1);
  return tensor.text();
}

TEST(ReadOnnx, ExternalDataStaysInItsFolder) {
  const Scratch scratch;
  std::filesystem::create_directories(scratch.path("models"));
  scratch.write("secret.bin", std::string(64, 'a'));
  scratch.write("models/short.bin", "abc");
  std::filesystem::create_symlink(scratch.path("secret.bin"), scratch.path("models/link.bin"));
  std::filesystem::create_directory_symlink(scratch.path("."), scratch.path("models/up"));
  const auto refusal = [&](const std::string& location, const std::string& offset = "0") {
    scratch.write("models/net.onnx", with_tensor(external(location, offset)));
    return error_of([&] { read_onnx(scratch.path("models/net.onnx")); });
  };
  EXPECT_THAT(refusal("../secret.bin"), HasSubstr("tensor 'w': external data in '../secret.bin'"));
  EXPECT_THAT(refusal("../secret.bin"), HasSubstr("leaves the folder"));
  EXPECT_THAT(refusal("a/../../secret.bin"), HasSubstr("leaves the folder"));
  EXPECT_THAT(refusal(scratch.path("secret.bin")), HasSubstr("an absolute path"));
  EXPECT_THAT(refusal("link.bin"), HasSubstr("a link"));
  EXPECT_THAT(refusal("up/secret.bin"), HasSubstr("a link"));
  EXPECT_THAT(refusal(""), HasSubstr("no file name"));
  EXPECT_THAT(refusal("short.bin"), HasSubstr("16 bytes at 0 of the 3"));
  EXPECT_THAT(refusal("short.bin", "9223372036854775807"),
              HasSubstr("bytes at 9223372036854775807"));
  EXPECT_THAT(refusal("short.bin", "-1"), HasSubstr("external offset '-1'"));
  EXPECT_THAT(refusal("absent.bin"), HasSubstr("absent.bin"));
}

TEST(ReadOnnx, ShapesThatDoNotFitAreRefused) {
  const Scratch scratch;
  OnnxModel model = small_model();
  model.graph.initializers[0].values = at::ones({3});
  EXPECT_THAT(refused(scratch, model), HasSubstr("net.onnx"));
}

}  // namespace
}  // namespace maas
