#include "train/suggest_threads.h"

#include <gtest/gtest.h>

#include "call/builder.h"

namespace maas {
namespace {

Program mlp(int64_t hidden) {
  GraphBuilder g("net", 1);
  const Handle h = g.relu(g.linear("a", g.input("x", {784}, at::kFloat), hidden));
  return g.finish({{"y", g.linear("b", h, 10)}});
}

TEST(SuggestThreads, GivesASmallStepOneThread) { EXPECT_EQ(suggest_threads(mlp(128), 64, 8), 1); }

TEST(SuggestThreads, GivesALargeStepEveryCoreAndNoMore) {
  EXPECT_EQ(suggest_threads(mlp(4096), 256, 8), 8);
}

TEST(SuggestThreads, GivesWhatIsBetweenAsManyAsItIsWorth) {
  EXPECT_EQ(suggest_threads(mlp(512), 64, 8), 3);  // 26 million multiply-accumulates
}

}  // namespace
}  // namespace maas
