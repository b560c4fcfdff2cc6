// The units of regression targets in the manifest.
#include <gmock/gmock.h>

#include "base/error.h"
#include "model/model.h"

namespace maas {
namespace {

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

std::string refusal(std::string text, const std::string& from, const std::string& to) {
  text.replace(text.find(from), from.size(), to);
  try {
    manifest_from_json(text, "m.pt");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(TargetScales, KeepsTheScalesOfTargetsExactly) {
  const Manifest manifest = of_prices();
  EXPECT_EQ(manifest_from_json(manifest_to_json(manifest), "m.pt").data, manifest.data);
}

TEST(TargetScales, OfATaskWithoutScalesDoesNotNameThem) {
  Manifest manifest = of_prices();
  manifest.data->task.scales.clear();
  const std::string text = manifest_to_json(manifest);
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("scales")));
  EXPECT_EQ(manifest_from_json(text, "m.pt").data, manifest.data);
}

TEST(TargetScales, RefusesScalesThatFitNoTargets) {
  const std::string text = manifest_to_json(of_prices());
  EXPECT_THAT(refusal(text, "\"price\",", ""), testing::HasSubstr("scales of 2 targets"));
  EXPECT_THAT(refusal(text, "\"regression\"", "\"multi_label\""),
              testing::HasSubstr("0, as the multi_label task has"));
  EXPECT_THAT(refusal(text, ":0.1", ":0"), testing::HasSubstr("a deviation of 0"));
}

}  // namespace
}  // namespace maas
