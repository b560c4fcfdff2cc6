#include "evaluate/roc_auc.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

namespace maas {
namespace {

// Every positive against every negative row, a tie counting a half: the definition.
double by_pairs(const std::vector<double>& scores, const std::vector<bool>& positive) {
  double wins = 0, pairs = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    for (size_t j = 0; j < scores.size(); ++j) {
      if (!positive[i] || positive[j]) continue;
      wins += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
      pairs += 1;
    }
  }
  return wins / pairs;
}

TEST(RocAuc, IsHalfForEqualScores) {
  EXPECT_DOUBLE_EQ(roc_auc({3, 3, 3, 3}, {true, false, true, false}), 0.5);
}

TEST(RocAuc, IsOneOrZeroWhenSeparated) {
  EXPECT_DOUBLE_EQ(roc_auc({1, 2, 3, 4}, {false, false, true, true}), 1);
  EXPECT_DOUBLE_EQ(roc_auc({1, 2, 3, 4}, {true, true, false, false}), 0);
}

TEST(RocAuc, EqualsTheShareOfPairsWithManyTies) {
  std::vector<double> scores;
  std::vector<bool> positive;
  uint32_t state = 1;
  for (int i = 0; i < 300; ++i) {
    state = state * 1664525 + 1013904223;
    scores.push_back((state >> 16) % 13);
    positive.push_back((state >> 8) % 3 == 0);
  }
  EXPECT_NEAR(roc_auc(scores, positive), by_pairs(scores, positive), 1e-12);
}

TEST(RocAuc, IsNotANumberWhenUndefined) {
  EXPECT_TRUE(std::isnan(roc_auc({}, {})));
  EXPECT_TRUE(std::isnan(roc_auc({1, 2}, {true, true})));
  EXPECT_TRUE(std::isnan(roc_auc({1, std::nan("")}, {true, false})));
}

}  // namespace
}  // namespace maas
