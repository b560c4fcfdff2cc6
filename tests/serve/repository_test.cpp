#include "serve/repository.h"

#include <gtest/gtest.h>

#include "serve/requests.h"

namespace maas {
namespace {

class Named final : public Session {
 public:
  Named(const std::string& name, const std::string& version) {
    info_.name = name;
    info_.version = version;
  }
  const SessionInfo& info() const override { return info_; }
  std::vector<at::Tensor> infer(const std::vector<at::Tensor>& inputs) const override {
    return inputs;
  }

 private:
  SessionInfo info_ = small_model();
};

ServedModel model(const std::string& name, const std::string& version) {
  return {std::make_shared<Named>(name, version), nullptr};
}

TEST(Repository, FindsItsModelByNameWithItsVersionOrWithout) {
  const Repository one({model("net", "1")});
  ASSERT_NE(one.find("net", ""), nullptr);
  EXPECT_EQ(one.find("net", "1"), one.find("net", ""));
  EXPECT_EQ(one.find("net", "")->info().name, "net");
  EXPECT_EQ(one.models().size(), 1);
}

TEST(Repository, SaysWhatItHasInstead) {
  const Repository one({model("net", "1")});
  EXPECT_EQ(one.find("Net", ""), nullptr);
  EXPECT_EQ(one.why_not("Net", ""), "no model 'Net'; this server has 'net'");
  EXPECT_EQ(one.find("other", "1"), nullptr);
  EXPECT_EQ(one.why_not("other", "1"), "no model 'other'; this server has 'net'");
  EXPECT_EQ(one.find("net", "2"), nullptr);
  EXPECT_EQ(one.why_not("net", "2"),
            "no model 'net' of this version, 2; this server has versions 1");
}

TEST(Repository, OfSeveralVersionsTheHighestIsTheOneWithoutNumber) {
  const Repository several({model("net", "1"), model("word", "1"), model("net", "2")});
  EXPECT_EQ(several.find("net", "")->info().version, "2");
  EXPECT_EQ(several.find("net", "1")->info().version, "1");
  EXPECT_EQ(several.find("word", "")->info().name, "word");
  EXPECT_EQ(several.why_not("x", ""), "no model 'x'; this server has 'net', 'word'");
}

TEST(Repository, ALabelIsAsGoodAsItsVersion) {
  const std::vector<ModelTraffic> traffic = {{.name = "net",
                                              .labels = {{"stable", "1"}, {"canary", "3"}},
                                              .weights = {},
                                              .shadow = "stable",
                                              .shadow_share = 1}};
  const Repository labelled({model("net", "1"), model("net", "2")}, Traffic(traffic));
  EXPECT_EQ(labelled.find("net", "stable")->info().version, "1");
  EXPECT_EQ(labelled.find("net", "canary"), nullptr);
  EXPECT_EQ(labelled.why_not("net", "canary"),
            "no model 'net' of this version, canary; this server has versions 2, 1, labels canary, "
            "stable");
  EXPECT_EQ(labelled.pick("net", "")->info().version, "2");
  EXPECT_EQ(labelled.shadow_of(*labelled.find("net", "2"))->info().version, "1");
  EXPECT_EQ(labelled.shadow_of(*labelled.find("net", "1")), nullptr);
}

TEST(Repository, PicksAVersionByTheWeightsOfItsLabels) {
  const std::vector<ModelTraffic> traffic = {{.name = "net",
                                              .labels = {{"stable", "1"}, {"canary", "2"}},
                                              .weights = {{"stable", "3"}, {"canary", "1"}},
                                              .shadow = "",
                                              .shadow_share = 1}};
  Repository weighted({model("net", "1"), model("net", "2"), model("net", "3")}, Traffic(traffic));
  int second = 0;
  for (int i = 0; i < 100; ++i) second += weighted.pick("net", "")->info().version == "2" ? 1 : 0;
  EXPECT_NEAR(second, 25, 2);
  EXPECT_EQ(weighted.pick("net", "3")->info().version, "3");
  EXPECT_EQ(weighted.find("net", "")->info().version, "3");  // what it is, not who answers
  weighted.remove("net", "1");
  EXPECT_EQ(weighted.pick("net", "")->info().version, "2");
  weighted.remove("net", "2");
  EXPECT_EQ(weighted.pick("net", "")->info().version, "3");
}

TEST(Repository, VersionsAreNumbersNotTexts) {
  const Repository several({model("net", "9"), model("net", "10"), model("net", "2")});
  std::string versions;
  for (const auto& one : several.models()) versions += one->info().version + " ";
  EXPECT_EQ(versions, "10 9 2 ");
}

TEST(Repository, AModelIsReplacedWhileTheOldOneIsInUse) {
  Repository one({model("net", "1")});
  const auto old = one.find("net", "");
  one.put(model("net", "1"));
  EXPECT_NE(one.find("net", ""), old);
  EXPECT_EQ(one.models().size(), 1);
  EXPECT_EQ(old->info().name, "net");
}

TEST(Repository, AModelThatIsRemovedIsNotFound) {
  Repository one({model("net", "1"), model("net", "2")});
  EXPECT_TRUE(one.remove("net", "2"));
  EXPECT_FALSE(one.remove("net", "2"));
  EXPECT_EQ(one.find("net", "")->info().version, "1");
  EXPECT_TRUE(one.remove("net", "1"));
  EXPECT_EQ(one.why_not("net", ""), "no model 'net'; this server has none");
}

TEST(Repository, AModelLivesAsLongAsSomebodyUsesIt) {
  auto one = std::make_unique<Repository>(std::vector{model("net", "1")});
  const auto used = one->find("net", "");
  one.reset();
  EXPECT_EQ(used->info().name, "net");
}

}  // namespace
}  // namespace maas
