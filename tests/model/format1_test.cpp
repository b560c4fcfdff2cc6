// Files that maas wrote before the format of today: they load for ever. tests/model/data/format1.pt
// and format1_image.pt were trained by maas 0.1.0 at commit aecd33b.
#include <ATen/ops/allclose.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>

#include "model/model.h"
#include "support/evaluate_program.h"
#include "support/scratch.h"
#include "support/source_folder.h"

namespace maas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string file_of(const std::string& name) {
  return (source_folder() / "tests/model/data" / name).string();
}

TEST(FormatOne, KeepsEveryKeyOfATable) {
  const Manifest manifest = load_model(file_of("format1.pt")).manifest;
  EXPECT_EQ(manifest.format, 1);
  EXPECT_EQ(manifest.name, "prices");
  DataSpec data;
  data.input.kind = InputKind::kTable;
  data.input.missing = "mean";
  data.input.columns = {
      {.name = "area", .mean = 108.33333333333331, .std_dev = 44.55259064671025, .categories = {}},
      {.name = "age", .mean = 34.2888888888889, .std_dev = 22.45550882396589, .categories = {}},
      {.name = "kind", .type = ColumnType::kCategorical, .categories = {"flat", "house", "villa"}}};
  data.task = {.kind = TaskKind::kRegression,
               .labels = {"price"},
               .scales = {{358.488888888889, 142.1404035487013}}};
  ASSERT_TRUE(manifest.data.has_value());
  EXPECT_EQ(*manifest.data, data);
  EXPECT_EQ(manifest.metrics, (std::map<std::string, double>{{"mae", 155.23690999348958},
                                                             {"r2", -0.19875703370132114},
                                                             {"rmse", 177.06433856018734}}));
  EXPECT_THAT(manifest.resolved_config, StartsWith("name: prices\nseed: 7\n"));
  EXPECT_THAT(manifest.resolved_config, HasSubstr("\n    path: /tmp/prices/prices.csv\n"));
  EXPECT_THAT(manifest.lineage,
              ElementsAre(LineageStep{
                  .verb = "train", .version = "0.1.0", .created = "2026-11-26T04:51:43Z"}));
}

// What maas 0.1.0 and Python 3.11 with torch 2.13 said of these rows.
TEST(FormatOne, PredictsNumbersAsItDid) {
  const Model model = load_model(file_of("format1.pt"));
  const at::Tensor numeric = at::tensor({100.0F, 20.0F, 55.5F, 71.0F}).view({2, 2});
  const at::Tensor categorical = at::tensor({int64_t{3}, int64_t{0}}).view({2, 1});
  const at::Tensor outputs = evaluate(model.program, {numeric, categorical}).at(0);
  EXPECT_TRUE(at::allclose(outputs, at::tensor({355.49136F, 401.6706F}).view({2, 1}), 1e-6, 0));
}

TEST(FormatOne, KeepsEveryKeyOfImages) {
  const Manifest manifest = load_model(file_of("format1_image.pt")).manifest;
  EXPECT_EQ(manifest.name, "tuned");
  DataSpec data;
  data.input.channels = 1;
  data.input.height = 3;
  data.input.width = 2;
  data.input.mean = {0.5696296296296296};
  data.input.std_dev = {0.2184916084799558};
  data.task.labels = {"0", "1"};
  ASSERT_TRUE(manifest.data.has_value());
  EXPECT_EQ(*manifest.data, data);
  EXPECT_EQ(manifest.metrics.at("nll"), 0.7891931944990233);
  EXPECT_EQ(manifest.metrics.size(), 4U);
}

TEST(FormatOne, PredictsImagesAsItDid) {
  const Model model = load_model(file_of("format1_image.pt"));
  const at::Tensor pixels =
      at::tensor({0, 255, 10, 20, 30, 40, 250, 0, 128, 64, 32, 16}, at::kByte).view({2, 1, 3, 2});
  const at::Tensor expected =
      at::tensor({-0.92838115F, -0.28368089F, -0.13052434F, -0.21300633F}).view({2, 2});
  EXPECT_TRUE(at::allclose(evaluate(model.program, {pixels}).at(0), expected, 1e-5, 1e-6));
}

// It had an absolute path of its parent and no digest.
TEST(FormatOne, NamesItsParentByTheFileAlone) {
  const Lineage lineage = load_model(file_of("format1_image.pt")).manifest.lineage;
  EXPECT_THAT(lineage, ElementsAre(LineageStep{.verb = "train",
                                               .version = "0.1.0",
                                               .change = "fine-tuned from model.pt",
                                               .created = "2026-11-26T04:51:45Z"}));
}

TEST(FormatOne, IsWrittenAsTheFormatOfToday) {
  const Scratch scratch;
  const Model old = load_model(file_of("format1_image.pt"));
  save_model(old, scratch.path("new.pt"));
  const Manifest again = load_model(scratch.path("new.pt")).manifest;
  EXPECT_EQ(again.format, 2);
  EXPECT_THAT(again.resolved_config, Not(HasSubstr("/tmp/")));
  EXPECT_THAT(again.resolved_config, HasSubstr("  from: model.pt\n"));
  EXPECT_THAT(again.resolved_config, Not(HasSubstr("output_dir")));
  EXPECT_EQ(again.lineage, old.manifest.lineage);
  EXPECT_EQ(*again.data, *old.manifest.data);
}

}  // namespace
}  // namespace maas
