#include <gmock/gmock.h>

#include "model/small_model.h"
#include "pt2/write.h"
#include "tensor/archive.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kRecord = "extra/maas/manifest.json";

class ManifestFile : public ModelFile {
 protected:
  void write(const std::map<std::string, std::string>& extra) {
    write_archive(path_, [&](const PutRecord& put) { write_pt2(small_program(), extra, put); });
  }
  // What is said of a model file whose manifest is this text.
  std::string refusal_of(const std::string& manifest) {
    write({{"maas/manifest.json", manifest}});
    const std::string text = error_of([&] { load_model(path_); });
    EXPECT_THAT(text, StartsWith(path_ + ": " + kRecord)) << manifest;
    return text;
  }
  static std::string changed(const std::string& from, const std::string& to) {
    std::string text = manifest_to_json(small_model().manifest);
    const size_t at = text.find(from);
    EXPECT_NE(at, text.npos) << from;
    return text.replace(at, from.size(), to);
  }
};

TEST_F(ManifestFile, MayBeAbsentAsInAStrangersModel) {
  write({});
  const Model model = load_model(path_);
  EXPECT_FALSE(model.manifest.data.has_value());
  EXPECT_EQ(model.manifest.name, "");
  EXPECT_EQ(model.name_or_stem(path_), "model");
}

TEST_F(ManifestFile, OfANewerFormatIsRefused) {
  EXPECT_THAT(refusal_of(changed("\"format\":2", "\"format\":5")),
              AllOf(HasSubstr("manifest format 5; expected 1 to 4"),
                    HasSubstr("fix: use a maas of the version that wrote the model")));
}

TEST_F(ManifestFile, HasAFormatThatOlderReadersRefuseWhereThresholdsDecide) {
  Model model = small_model();
  model.manifest.data->task.thresholds.assign(model.manifest.data->task.labels.size(), 0.25);
  const std::string text = manifest_to_json(model.manifest);
  EXPECT_THAT(text, HasSubstr("\"format\":3"));
  EXPECT_EQ(manifest_from_json(text, "here").data, model.manifest.data);
  const auto with = [&](const std::string& thresholds) {
    const size_t at = text.find("\"thresholds\":[") + 13;
    return text.substr(0, at) + thresholds + text.substr(text.find(']', at) + 1);
  };
  EXPECT_THAT(refusal_of(with("[0.5]")), HasSubstr("thresholds of 1 labels; expected "));
  EXPECT_THAT(refusal_of(with("[0.5,1,0.5]")),
              HasSubstr("a threshold of 1; expected between 0 and 1"));
}

TEST_F(ManifestFile, CutShortAnywhereIsRefused) {
  const std::string whole = manifest_to_json(small_model().manifest);
  for (size_t size = 0; size < whole.size(); size += 1 + size / 16) {
    EXPECT_NE(refusal_of(whole.substr(0, size)), "") << size;
  }
}

TEST_F(ManifestFile, ThatIsNoJsonIsRefused) {
  EXPECT_THAT(refusal_of("hello"), HasSubstr("is not JSON"));
  EXPECT_THAT(refusal_of("[]"), HasSubstr("member 'format' is missing"));
  EXPECT_THAT(refusal_of(std::string("{\"format\":2,\"name\":\"\xff\"}")),
              HasSubstr("is not JSON: The input is not valid UTF-8"));
}

TEST_F(ManifestFile, NamesTheMemberThatIsMissingOrOfAnotherKind) {
  for (const char* name :
       {"format", "name", "metrics", "resolved_config", "lineage", "input", "task", "kind",
        "channels", "mean", "std", "labels", "verb", "version"}) {
    const std::string member = std::string("\"") + name + "\":";
    EXPECT_THAT(refusal_of(changed(member, std::string("\"_") + name + "\":")), HasSubstr(name));
    EXPECT_NE(refusal_of(changed(member, member + "{\"x\":[1]},\"_\":")), "") << name;
  }
}

TEST_F(ManifestFile, NamesWhatIsUnknown) {
  EXPECT_THAT(refusal_of(changed("\"kind\":\"image\"", "\"kind\":\"video\"")),
              HasSubstr("input kind 'video'; expected image or table"));
  EXPECT_THAT(refusal_of(changed("\"kind\":\"classification\"", "\"kind\":\"guessing\"")),
              HasSubstr("task 'guessing'; expected classification, multi_label or regression"));
}

TEST_F(ManifestFile, OfImagesWithoutSizeIsRefused) {
  for (const char* size : {"0", "-1", "65537", "9000000000000000000"}) {
    EXPECT_THAT(refusal_of(changed("\"height\":3", std::string("\"height\":") + size)),
                AllOf(HasSubstr(std::string("an image size of ") + size),
                      HasSubstr("expected 1 to 65536")));
  }
}

Manifest of_a_table() {
  Manifest manifest;
  manifest.data.emplace();
  InputSpec& input = manifest.data->input;
  input.kind = InputKind::kTable;
  input.missing = "mean";
  input.columns = {
      {.name = "a", .mean = -1.5, .std_dev = 1e-7, .categories = {}},
      {.name = "b,\"", .type = ColumnType::kCategorical, .categories = {"", "x", "\xe2\x82\xac"}},
      {.name = "c", .categories = {}, .sign = "%"},
      {.name = "d", .type = ColumnType::kCategorical, .categories = {"u"}, .rare = {"v", "w"}},
      {.name = "e",
       .categories = {},
       .date = DateOrder::kDayFirst,
       .date_parts = {{"year", 2020, 1.5}, {"month_sin", 0.1, 0.7}}}};
  manifest.data->task = {.labels = {"y"}, .scales = {}};
  return manifest;
}

Manifest of_texts() {
  Manifest manifest = of_a_table();
  InputSpec& input = manifest.data->input;
  input.columns.push_back({.name = "words", .type = ColumnType::kText, .categories = {}});
  input.text = {.buckets = 65536, .pieces = 640};
  return manifest;
}

TEST(Manifest, OfTextsComesBackInAFormatThatOlderReadersRefuse) {
  const std::string json = manifest_to_json(of_texts());
  EXPECT_EQ(manifest_from_json(json, "model.pt").data, of_texts().data);
  EXPECT_THAT(json, HasSubstr("\"format\":4"));
  EXPECT_THAT(manifest_to_json(of_a_table()), HasSubstr("\"format\":2"));
}

TEST(Manifest, OfTextsWithoutAFormOrBeyondReasonIsRefused) {
  const auto refusal = [](const std::string& from, const std::string& to) {
    std::string json = manifest_to_json(of_texts());
    json.replace(json.find(from), from.size(), to);
    return error_of([&] { manifest_from_json(json, "model.pt"); });
  };
  EXPECT_THAT(refusal("\"buckets\":65536", "\"buckets\":0"),
              HasSubstr("text of 640 pieces in 0 buckets; expected 1 to 65536 in 1 to 16777216"));
  EXPECT_THAT(refusal("\"pieces\":640", "\"pieces\":9000000000000000000"),
              HasSubstr("text of 9000000000000000000 pieces"));
  EXPECT_THAT(refusal("\"text\":true", "\"text\":false"),
              HasSubstr("a form of text without a column"));
  EXPECT_THAT(refusal("\"text\":{", "\"txt\":{"), HasSubstr("columns of text of no form"));
}

TEST(Manifest, OfATableComesBack) {
  Manifest manifest = of_a_table();
  for (const TaskKind kind :
       {TaskKind::kClassification, TaskKind::kMultiLabel, TaskKind::kRegression}) {
    manifest.data->task.kind = kind;
    const Manifest again = manifest_from_json(manifest_to_json(manifest), "model.pt");
    EXPECT_EQ(again.data, manifest.data);
  }
}

std::string refusal(std::string text, const std::string& from, const std::string& to) {
  text.replace(text.find(from), from.size(), to);
  try {
    manifest_from_json(text, "m.pt");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Manifest, RefusesColumnsThatNoTableHas) {
  const std::string text = manifest_to_json(of_a_table());
  EXPECT_THAT(refusal(text, "\"missing\":\"mean\"", "\"missing\":\"foo\""),
              HasSubstr("'foo' for missing values; expected error or mean"));
  EXPECT_THAT(refusal(text, ":1e-07", ":0"), HasSubstr("a std of 0; expected above 0"));
  EXPECT_THAT(refusal(text, "\"day_first\"", "\"any\""),
              HasSubstr("a column of dates 'any'; expected year_first"));
  EXPECT_THAT(refusal(text, "\"month_sin\"", "\"month_tan\""), HasSubstr("'month_tan' of a date"));
  EXPECT_THAT(refusal(text, ":1.5", ":-1.5"), HasSubstr("a std of -1.5; expected above 0"));
}

TEST(Manifest, KeepsMetricsThatAreNoNumbersOut) {
  Manifest manifest;
  manifest.metrics = {{"accuracy", 0.5}, {"nll", std::numeric_limits<double>::quiet_NaN()}};
  const Manifest again = manifest_from_json(manifest_to_json(manifest), "model.pt");
  EXPECT_EQ(again.metrics, (std::map<std::string, double>{{"accuracy", 0.5}}));
}

Manifest of_prices() {
  Manifest manifest;
  manifest.name = "prices";
  manifest.data.emplace();
  manifest.data->input.kind = InputKind::kTable;
  manifest.data->task = {.kind = TaskKind::kRegression,
                         .labels = {"price", "rent"},
                         .scales = {{412.5, 0.1}, {-3, 1e-9}}};
  return manifest;
}

TEST(Manifest, KeepsTheScalesOfTargetsExactly) {
  const Manifest manifest = of_prices();
  EXPECT_EQ(manifest_from_json(manifest_to_json(manifest), "m.pt").data, manifest.data);
}

TEST(Manifest, OfATaskWithoutScalesDoesNotNameThem) {
  Manifest manifest = of_prices();
  manifest.data->task.scales.clear();
  const std::string text = manifest_to_json(manifest);
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("scales")));
  EXPECT_EQ(manifest_from_json(text, "m.pt").data, manifest.data);
}

TEST(Manifest, RefusesScalesThatFitNoTargets) {
  const std::string text = manifest_to_json(of_prices());
  EXPECT_THAT(refusal(text, "\"price\",", ""), testing::HasSubstr("scales of 2 targets"));
  EXPECT_THAT(refusal(text, "\"regression\"", "\"multi_label\""),
              testing::HasSubstr("0, as the multi_label task has"));
  EXPECT_THAT(refusal(text, ":0.1", ":0"), testing::HasSubstr("a std of 0"));
}

}  // namespace
}  // namespace maas
