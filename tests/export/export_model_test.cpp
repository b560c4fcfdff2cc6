#include "export/export_model.h"

#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/files.h"
#include "export/import_model.h"
#include "model/small_model.h"
#include "support/full_disk.h"
#include "tensor/random.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class ExportModel : public testing::TestWithParam<const Format*> {
 protected:
  Agreement write(const ExportOptions& options = {}) {
    return export_model(model_, *GetParam(), random_samples(model_.program), path_, options);
  }
  std::string refusal(ErrorKind kind, const ExportOptions& options = {}) {
    return error_of([&] { write(options); }, kind);
  }

  Model model_ = small_model();
  Scratch scratch_;
  std::string path_ = scratch_.path("net" + GetParam()->extensions[0]);
};

TEST_P(ExportModel, WritesAFileThatGivesTheModelsOutputs) {
  std::vector<std::string> steps;
  const Agreement agreement =
      write({.progress = [&](const std::string& step) { steps.push_back(step); }});
  EXPECT_LE(agreement.max_relative, 1e-6);
  EXPECT_GT(agreement.samples, 16);
  EXPECT_EQ(agreement.top1, 1.0);
  EXPECT_EQ(scratch_.entries(), 1);
  EXPECT_THAT(steps, testing::Contains("comparing on random inputs"));
}

TEST_P(ExportModel, WritesTheSameBytesForTheSameModel) {
  write();
  const std::string first = sha256_hex_of_file(path_);
  write();
  EXPECT_EQ(sha256_hex_of_file(path_), first);
}

TEST_P(ExportModel, LeavesNoFileThatDiffersByMoreThanTheTolerance) {
  const std::string text = refusal(ErrorKind::kRequirement, {.tolerance = -1});
  EXPECT_THAT(text, AllOf(HasSubstr(path_), HasSubstr("differ by"), HasSubstr("no file was left"),
                          HasSubstr("--tolerance")));
  EXPECT_EQ(scratch_.entries(), 0);
}

TEST_P(ExportModel, LeavesTheOldFileWhenItFails) {
  scratch_.write("net" + GetParam()->extensions[0], "old");
  refusal(ErrorKind::kRequirement, {.tolerance = -1});
  EXPECT_EQ(read_file(path_), "old");
  EXPECT_EQ(scratch_.entries(), 1);
}

TEST_P(ExportModel, LeavesNoFileWhenItIsStopped) {
  const auto stop = [](const std::string& step) {
    if (step.empty()) throw Error(ErrorKind::kInterrupted, {.what = "stopped"});
  };
  refusal(ErrorKind::kInterrupted, {.progress = stop});
  EXPECT_EQ(scratch_.entries(), 0);
}

TEST_P(ExportModel, NamesTheFileThatAFullDiskHasNoRoomFor) {
  std::string text;
  {
    const FullDisk disk(100);
    text = refusal(ErrorKind::kResources);
  }
  EXPECT_THAT(text, AllOf(HasSubstr(path_), Not(HasSubstr("tmp-"))));
  EXPECT_EQ(scratch_.entries(), 0);
}

TEST_P(ExportModel, HoldsForAModelOfWeightsInHalfPrecision) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {8}, at::kFloat);
  const Handle half =
      g.call("aten::to.dtype", {{"self", ValueRef{x.id}}, {"dtype", at::kBFloat16}});
  const Handle weight = g.parameter("w", at::zeros({4, 8}, at::kBFloat16).fill_(0.3));
  const Handle y =
      g.call("aten::linear", {{"input", ValueRef{half.id}}, {"weight", ValueRef{weight.id}}});
  model_.program = g.finish({{"y", y}});
  EXPECT_LE(write().max_relative, 1e-6);
}

// A layer as program/quantized_form.h has it: an int8 weight with scales, a rounded activation.
TEST_P(ExportModel, HoldsForInt8Networks) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {8}, at::kFloat);
  const Handle rounded =
      g.call("aten::fake_quantize_per_tensor_affine", {{"self", ValueRef{x.id}},
                                                       {"scale", 0.02},
                                                       {"zero_point", int64_t{3}},
                                                       {"quant_min", int64_t{0}},
                                                       {"quant_max", int64_t{255}}});
  const at::Tensor values = normal_tensor({4, 8}, 50, 1).clamp(-127, 127).to(at::kChar);
  const Handle stored = g.buffer("fc.weight_int8", values);
  const Handle scale = g.buffer("fc.weight_scale", at::zeros({4, 1}).fill_(0.01));
  const Handle real =
      g.call("aten::to.dtype", {{"self", ValueRef{stored.id}}, {"dtype", at::kFloat}});
  const Handle weight =
      g.call("aten::mul.Tensor", {{"self", ValueRef{real.id}}, {"other", ValueRef{scale.id}}});
  const Handle y =
      g.call("aten::linear", {{"input", ValueRef{rounded.id}}, {"weight", ValueRef{weight.id}}});
  model_.program = g.finish({{"y", y}});
  EXPECT_EQ(default_tolerance(model_.program), 5e-2);
  EXPECT_LE(write().max_relative, 1e-6);
}

std::vector<const Format*> every_format() {
  std::vector<const Format*> all;
  for (const Format& format : formats()) all.push_back(&format);
  return all;
}

INSTANTIATE_TEST_SUITE_P(Formats, ExportModel, testing::ValuesIn(every_format()),
                         [](const auto& test) { return std::string(test.param->name); });

class ExportPath : public testing::Test {
 protected:
  std::string refusal(const std::string& output, ErrorKind kind, bool replace = false) {
    return error_of([&] { check_export_path(output, source_, {.replace = replace}); }, kind);
  }

  Scratch scratch_;
  std::string source_ = scratch_.write("net.pt", "model");
};

TEST_F(ExportPath, IsNeitherThereNorAFolderNorTheModel) {
  const std::string there = scratch_.write("there.onnx", "old");
  EXPECT_THAT(refusal(there, ErrorKind::kUsage), AllOf(HasSubstr("exists"), HasSubstr("--force")));
  EXPECT_NO_THROW(check_export_path(there, source_, {.replace = true}));
  EXPECT_THAT(refusal(scratch_.path(""), ErrorKind::kUsage, true), HasSubstr("is a folder"));
  EXPECT_THAT(refusal(source_, ErrorKind::kUsage, true), HasSubstr("is the model itself"));
}

TEST_F(ExportPath, LiesInAFolderThatCanBeWrittenTo) {
  EXPECT_THAT(refusal(scratch_.path("nowhere/net.onnx"), ErrorKind::kResources),
              HasSubstr("make the folder"));
}

TEST(ImportModel, GivesTheOutputsAndTheDigestOfTheFile) {
  const Scratch scratch;
  const Model model = small_model();
  const std::string path = scratch.path("pets.pt2");
  export_model(model, format_named("pt2"), random_samples(model.program), path, {});
  const Model read = import_model(path, format_named("pt2"));
  const Samples samples = random_samples(model.program);
  EXPECT_EQ(compare(forward_of(model.program), forward_of(read.program), samples.batches).max_abs,
            0);
  EXPECT_EQ(read.manifest.name, "pets");
  ASSERT_EQ(read.manifest.lineage.size(), 1U);
  EXPECT_EQ(read.manifest.lineage[0].verb, "import");
  EXPECT_EQ(read.manifest.lineage[0].parent, sha256_hex_of_file(path));
}

TEST(ImportModel, RefusesFormatsWithoutAReaderByName) {
  for (const Format& format : formats()) {
    if (format.read != nullptr) continue;
    const std::string text =
        error_of([&] { import_model("net" + format.extensions[0], format); }, ErrorKind::kUsage);
    EXPECT_THAT(text, AllOf(HasSubstr(format.name), HasSubstr(format.unread), HasSubstr("pt2")));
  }
}

}  // namespace
}  // namespace maas
