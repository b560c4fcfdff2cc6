#include "base/did_you_mean.h"

#include <gmock/gmock.h>

namespace maas {
namespace {

const std::vector<std::string> kVerbs = {"train", "eval", "predict", "inspect", "serve"};

TEST(EditDistance, CountsASwapOfNeighboursAsOneEdit) {
  EXPECT_EQ(edit_distance("trian", "train"), 1);
  EXPECT_EQ(edit_distance("", ""), 0);
  EXPECT_EQ(edit_distance("", "abc"), 3);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
}

TEST(NearestName, FindsTheNameWithinTwoEditsOrAThirdOfItsLetters) {
  EXPECT_EQ(nearest_name("trian", kVerbs), "train");
  EXPECT_EQ(nearest_name("srev", kVerbs), "serve");
  EXPECT_EQ(nearest_name("lerning_rate", {"batch_size", "learning_rate"}), "learning_rate");
  EXPECT_EQ(nearest_name("lrnngrate", {"learning_rate"}), "");
}

TEST(NearestName, TakesTheNearerOfTwo) {
  EXPECT_EQ(nearest_name("beta3", {"beta12", "beta1"}), "beta1");
}

TEST(NearestName, NeverReplacesEveryLetter) {
  EXPECT_EQ(nearest_name("xy", {"lr"}), "");
  EXPECT_EQ(nearest_name("", {"lr"}), "");
}

TEST(NearestName, GivesUpOnTextsThatAreNoSlips) {
  EXPECT_EQ(nearest_name(std::string(100, 'a'), {std::string(100, 'a') + "b"}), "");
}

TEST(DidYouMean, IsAnEndingForAMessageOrNothing) {
  EXPECT_EQ(did_you_mean("trian", kVerbs), "; did you mean 'train'?");
  EXPECT_EQ(did_you_mean("quantize", kVerbs), "");
}

}  // namespace
}  // namespace maas
