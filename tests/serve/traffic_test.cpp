#include "serve/traffic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace maas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ModelTraffic canary() {
  return {.name = "net",
          .labels = {{"stable", "1"}, {"canary", "2"}},
          .weights = {{"stable", "95"}, {"canary", "5"}},
          .shadow = "",
          .shadow_share = 1};
}

std::string refusal(const std::function<void(ModelTraffic&)>& change) {
  ModelTraffic model = canary();
  change(model);
  try {
    const Traffic made({model});
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Traffic, ALabelStandsForItsVersion) {
  const Traffic traffic({canary()});
  EXPECT_EQ(traffic.version_of("net", "canary"), "2");
  EXPECT_EQ(traffic.version_of("net", "7"), "7");
  EXPECT_EQ(traffic.version_of("net", ""), "");
  EXPECT_EQ(traffic.version_of("other", "canary"), "canary");
  EXPECT_TRUE(traffic.knows("net"));
  EXPECT_FALSE(traffic.knows("other"));
}

TEST(Traffic, IsSharedAsTheWeightsSayInEveryStretch) {
  const Traffic traffic({canary()});
  for (int stretch = 0; stretch < 10; ++stretch) {
    int second = 0;
    for (int i = 0; i < 100; ++i) second += traffic.choose("net", {"2", "1"}) == "2" ? 1 : 0;
    EXPECT_NEAR(second, 5, 2);
  }
}

TEST(Traffic, WeightsNeedNotMakeAHundredButASum) {
  EXPECT_EQ(refusal([](ModelTraffic& model) { model.weights["stable"] = "0.3"; }), "");
  EXPECT_THAT(refusal([](ModelTraffic& model) {
                model.weights["stable"] = model.weights["canary"] = "1e308";
              }),
              HasSubstr("no finite sum"));
}

TEST(Traffic, GoesToVersionsThatAreThere) {
  const Traffic traffic({canary()});
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(traffic.choose("net", {"3", "2"}), "2");
    EXPECT_EQ(traffic.choose("net", {"3"}), "");
    EXPECT_EQ(traffic.choose("other", {"1"}), "");
  }
}

TEST(Traffic, WithoutWeightsIsNotChosen) {
  ModelTraffic model = canary();
  model.weights.clear();
  EXPECT_EQ(Traffic({model}).choose("net", {"1", "2"}), "");
}

TEST(Traffic, AShadowGetsItsShareOfWhatOthersAnswer) {
  ModelTraffic model = canary();
  model.shadow = "canary";
  model.shadow_share = 0.25;
  const Traffic traffic({model});
  int copies = 0;
  for (int i = 0; i < 100; ++i) copies += traffic.shadow_of("net", "1") == "2" ? 1 : 0;
  EXPECT_NEAR(copies, 25, 2);
  EXPECT_EQ(traffic.shadow_of("net", "2"), "");
  EXPECT_EQ(traffic.shadow_of("other", "1"), "");
}

TEST(Traffic, SaysWhatIsNamedAndNotServed) {
  ModelTraffic model = canary();
  model.shadow = "9";
  const Traffic traffic({model});
  EXPECT_THAT(traffic.missing({{"net", "1"}}),
              ElementsAre(HasSubstr("label canary of 'net' is version 2, which is not served"),
                          HasSubstr("shadow of 'net' is version 9")));
  EXPECT_THAT(traffic.missing({{"word", "1"}}), ElementsAre(HasSubstr("no model 'net' is served")));
}

TEST(Traffic, RefusesWhatCannotBeMeant) {
  EXPECT_EQ(refusal([](ModelTraffic&) {}), "");
  EXPECT_THAT(refusal([](ModelTraffic& m) { m.name = "a/b"; }), HasSubstr("part of a path"));
  EXPECT_THAT(refusal([](ModelTraffic& m) { m.labels["3"] = "1"; }), HasSubstr("'3' is no label"));
  EXPECT_THAT(refusal([](ModelTraffic& m) { m.labels["x"] = "new"; }),
              HasSubstr("serve.models, 'net', labels: x is 'new'; expected a version"));
  EXPECT_THAT(refusal([](ModelTraffic& m) { m.labels["x"] = "0"; }),
              HasSubstr("expected a version"));
  EXPECT_THAT(refusal([](ModelTraffic& m) { m.weights["beta"] = "1"; }),
              HasSubstr("'beta' is none of its labels"));
  EXPECT_THAT(refusal([](ModelTraffic& m) { m.weights["canary"] = "-1"; }),
              HasSubstr("a number from 0 on"));
  EXPECT_THAT(refusal([](ModelTraffic& m) {
                m.weights = {{"stable", "0"}};
              }),
              HasSubstr("are all 0"));
  EXPECT_THAT(refusal([](ModelTraffic& m) { m.shadow = "beta"; }),
              HasSubstr("a label or a version"));
  EXPECT_THROW(Traffic({canary(), canary()}), Error);
}

}  // namespace
}  // namespace maas
