// Fault M09: a manifest and a graph that disagree are found when the model is loaded, not when it
// is first asked.
#include "model/check_manifest.h"

#include <gmock/gmock.h>

#include "model/small_model.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class CheckManifest : public ModelFile {
 protected:
  // What is said of a model whose manifest describes this.
  std::string refusal_of(const DataSpec& data) {
    Model model = small_model();
    model.manifest.data = data;
    save(model, true);
    const std::string text = error_of([&] { load_model(path_); });
    EXPECT_THAT(text, StartsWith(path_ + ": extra/maas/manifest.json: "));
    return text;
  }
};

TEST_F(CheckManifest, NamesBothShapesOfAnImage) {
  DataSpec data = small_images();
  data.input.channels = 3;
  data.input.height = data.input.width = 224;
  EXPECT_THAT(refusal_of(data),
              AllOf(HasSubstr("describes the inputs u8[batch, 3, 224, 224]; expected "
                              "u8[s0, 1, 3, 3], which the graph takes"),
                    HasSubstr("fix: the file is damaged; restore it or train it again")));
}

TEST_F(CheckManifest, TellsATableFromAnImage) {
  DataSpec data = small_images();
  data.input = {};
  data.input.kind = InputKind::kTable;
  EXPECT_THAT(refusal_of(data), HasSubstr("describes no inputs; expected u8[s0, 1, 3, 3]"));
  data.input.columns = {{.name = "a", .categories = {}},
                        {.name = "b", .type = ColumnType::kCategorical, .categories = {}}};
  EXPECT_THAT(refusal_of(data), HasSubstr("describes the inputs f32[batch, 1], i64[batch, 1]"));
}

TEST_F(CheckManifest, NamesBothNumbersOfOutputs) {
  DataSpec data = small_images();
  data.task.labels.pop_back();
  EXPECT_THAT(refusal_of(data),
              HasSubstr("names 2 outputs; expected as many as the graph gives: [s0, 3]"));
  data.task.labels.clear();
  EXPECT_THAT(refusal_of(data), HasSubstr("names 0 outputs"));
}

TEST(Manifest, TakesOneOutputWithoutADimensionOfItsOwn) {
  GraphBuilder g("test", 1);
  const Handle y = g.linear("fc", g.input("numeric", {2}, at::kFloat), 1);
  const Program program = g.finish(
      {{"y", g.call("aten::squeeze.dim", {{"self", ValueRef{y.id}}, {"dim", int64_t{1}}})}});
  DataSpec data;
  data.input.kind = InputKind::kTable;
  data.input.columns = {{.name = "a", .categories = {}}, {.name = "b", .categories = {}}};
  data.task = {TaskKind::kRegression, {"price"}};
  EXPECT_NO_THROW(check_manifest(data, program, "model.pt"));
  data.task.labels.push_back("size");
  EXPECT_THAT(error_of([&] { check_manifest(data, program, "model.pt"); }),
              HasSubstr("names 2 outputs; expected as many as the graph gives: [s0]"));
}

// Other buckets than the table has rows for would answer by other words, without a word.
TEST(Manifest, NamesBucketsThatAreNotTheTables) {
  GraphBuilder g("test", 1);
  const Handle words = g.embedding("embed.text", g.input("text", {4}, at::kLong), 31, 2);
  const Program program = g.finish({{"y", g.linear("fc", g.flatten(words), 1)}});
  DataSpec data;
  data.input.kind = InputKind::kTable;
  data.input.columns = {{.name = "a", .type = ColumnType::kText, .categories = {}}};
  data.input.text = {.buckets = 30, .pieces = 4};
  data.task = {TaskKind::kRegression, {"price"}};
  EXPECT_NO_THROW(check_manifest(data, program, "model.pt"));
  data.input.text.buckets = 16;
  EXPECT_THAT(error_of([&] { check_manifest(data, program, "model.pt"); }),
              HasSubstr("text in 16 buckets; expected 30, as 'embed.text.weight' has rows"));
}

}  // namespace
}  // namespace maas
