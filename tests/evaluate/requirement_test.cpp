#include "evaluate/requirement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace maas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Metrics with_accuracy(double value) {
  Metrics metrics;
  metrics.values["accuracy"] = value;
  metrics.samples = 10000;
  return metrics;
}

TEST(Requirement, ReadsSignsSpacesAndPercent) {
  EXPECT_EQ(parse_requirement("m", ">= 0.98").comparison, Comparison::kAtLeast);
  EXPECT_DOUBLE_EQ(parse_requirement("m", ">= 0.98").bound, 0.98);
  EXPECT_EQ(parse_requirement("m", "<0.1").comparison, Comparison::kBelow);
  EXPECT_EQ(parse_requirement("m", "  <=  1e-3 ").comparison, Comparison::kAtMost);
  EXPECT_EQ(parse_requirement("m", "> 98%").comparison, Comparison::kAbove);
  EXPECT_DOUBLE_EQ(parse_requirement("m", "> 98 %").bound, 0.98);
  EXPECT_DOUBLE_EQ(parse_requirement("m", "> -2").bound, -2);
}

TEST(Requirement, RefusesWhatItCannotRead) {
  for (const char* text : {"", "0.98", ">=", "== 1", ">= high", "> 0.9 or so", "> nan", "> inf"}) {
    try {
      parse_requirement("accuracy", text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      EXPECT_THAT(error.what(), HasSubstr("eval.require.accuracy"));
      EXPECT_THAT(error.what(), HasSubstr("'" + std::string(text) + "'"));
    }
  }
}

TEST(Requirement, DistinguishesAtLeastFromAbove) {
  EXPECT_TRUE(unmet(with_accuracy(0.5), {{"accuracy", ">= 0.5"}}).empty());
  EXPECT_EQ(unmet(with_accuracy(0.5), {{"accuracy", "> 0.5"}}).size(), 1u);
  EXPECT_TRUE(unmet(with_accuracy(0.5), {{"accuracy", "<= 0.5"}}).empty());
  EXPECT_EQ(unmet(with_accuracy(0.5), {{"accuracy", "< 0.5"}}).size(), 1u);
}

TEST(Requirement, IsNeverMetByNotANumber) {
  EXPECT_EQ(unmet(with_accuracy(std::nan("")), {{"accuracy", "< 0.5"}}).size(), 1u);
}

TEST(Requirement, NamesTheValueAndTheBound) {
  const auto problems = unmet(with_accuracy(0.9731), {{"accuracy", ">= 0.98"}});
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].where, "eval.require.accuracy");
  EXPECT_EQ(problems[0].what, "accuracy is 0.9731 on 10000 samples");
  EXPECT_EQ(problems[0].expected, ">= 0.98");
}

TEST(Requirement, RefusesAMetricThatWasNotComputed) {
  try {
    unmet(with_accuracy(1), {{"acuracy", ">= 0.98"}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_THAT(error.what(), HasSubstr("did you mean 'accuracy'?"));
  }
}

TEST(Requirement, AddsItsMetricsToThoseToCompute) {
  EXPECT_THAT(with_required({"nll"}, {{"ece", "< 0.1"}, {"nll", "< 1"}}),
              ElementsAre("nll", "ece"));
}

}  // namespace
}  // namespace maas
