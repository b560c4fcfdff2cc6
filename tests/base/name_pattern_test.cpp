#include "base/name_pattern.h"

#include <gtest/gtest.h>

#include <string>

namespace maas {
namespace {

TEST(NamePattern, StandsForAnyCharactersOrOne) {
  EXPECT_TRUE(matches_pattern("a.b.weight", "a.*"));
  EXPECT_TRUE(matches_pattern("", "*"));
  EXPECT_TRUE(matches_pattern("a.c.b1.weight", "*.b*.weight"));
  EXPECT_TRUE(matches_pattern("layer.11", "layer*1*"));
  EXPECT_TRUE(matches_pattern("layer1.0.conv1", "*.conv?"));
  EXPECT_TRUE(matches_pattern("fc", "fc"));
  EXPECT_FALSE(matches_pattern("fc1", "fc"));
  EXPECT_FALSE(matches_pattern("ab.weight", "a.*"));
  EXPECT_FALSE(matches_pattern("layer1.0.conv1", "layer2.*"));
  EXPECT_FALSE(matches_pattern("conv", "conv?"));
  EXPECT_FALSE(matches_pattern("", "?"));
  // No brackets: they can be a part of a name.
  EXPECT_TRUE(matches_pattern("a[0]", "a[0]"));
}

TEST(NamePattern, IsQuickWhateverThePattern) {
  EXPECT_FALSE(matches_pattern(std::string(2000, 'a'), "*a*a*a*a*a*a*a*a*b"));
}

}  // namespace
}  // namespace maas
