#include "model/derived.h"

#include "base/version.h"
#include "model/small_model.h"

namespace maas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST_F(ModelFile, NamesItsParentByDigestInAChain) {
  Model first = small_model();
  first.manifest.lineage = first_step("train", {.seed = 3});
  first.digest = save(first);
  Model second = derived(first, "prune", first.program, {.text = "half of the channels"});
  second.digest = save(second, true);
  const Model third = derived(second, "quantize", second.program);
  save(third, true);
  const std::string version = maas_version();
  EXPECT_THAT(
      load_model(path_).manifest.lineage,
      ElementsAre(LineageStep{.verb = "train", .version = version, .seed = 3},
                  LineageStep{.verb = "prune",
                              .version = version,
                              .parent = first.digest,
                              .change = "half of the channels"},
                  LineageStep{.verb = "quantize", .version = version, .parent = second.digest}));
}

TEST(Derived, KeepsNameDataAndConfigButNotTheMetrics) {
  const Model parent = small_model();
  const Model child = derived(parent, "prune", parent.program);
  EXPECT_EQ(child.manifest.name, parent.manifest.name);
  EXPECT_EQ(child.manifest.data, parent.manifest.data);
  EXPECT_EQ(child.manifest.resolved_config, parent.manifest.resolved_config);
  EXPECT_THAT(child.manifest.metrics, IsEmpty());
  EXPECT_EQ(child.digest, "");
}

TEST_F(ModelFile, HasTheSameBytesWhenItIsDerivedTwice) {
  const Model parent = small_model();
  const std::string once = save(derived(parent, "prune", parent.program, {.seed = 1}));
  EXPECT_EQ(save(derived(parent, "prune", parent.program, {.seed = 1}), true), once);
  EXPECT_NE(save(derived(parent, "prune", parent.program, {.seed = 2}), true), once);
}

TEST(Derived, OfAStrangersModelNamesItAsTheFirstParent) {
  Model stranger{.program = small_program(), .manifest = {}, .digest = "ab12"};
  const Lineage lineage = derived(stranger, "train", stranger.program).manifest.lineage;
  ASSERT_EQ(lineage.size(), 1U);
  EXPECT_EQ(lineage[0].parent, "ab12");
}

TEST(Lineage, IsOneLineAStepForPeople) {
  const std::string digest(64, 'd');
  EXPECT_THAT(to_lines({{.verb = "train", .version = "1.0", .seed = 3},
                        {.verb = "prune", .version = "1.1", .parent = digest, .change = "half"}}),
              ElementsAre("train 1.0, seed 3", "prune 1.1, from dddddddddddd: half"));
}

// A model file is a stranger's text.
TEST(Lineage, ShowsNoControlCharacters) {
  const std::string line =
      to_lines({{.verb = "a\x1b[31m", .version = "b\n", .parent = "\x07", .change = "c\r"}}).at(0);
  for (const char* control : {"\x1b", "\n", "\x07", "\r"}) {
    EXPECT_THAT(line, Not(HasSubstr(control)));
  }
}

}  // namespace
}  // namespace maas
