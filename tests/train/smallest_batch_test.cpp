#include "train/smallest_batch.h"

#include <gtest/gtest.h>

#include "call/builder.h"

namespace maas {
namespace {

Program with_norm(const std::vector<int64_t>& shape) {
  GraphBuilder g("test", 1);
  return g.finish({{"y", g.batch_norm("norm", g.input("x", shape, at::kFloat))}});
}

TEST(SmallestBatch, IsTwoWhereARowGivesABatchNormOneNumberAChannel) {
  EXPECT_EQ(smallest_batch(with_norm({5})), 2);
  EXPECT_EQ(smallest_batch(with_norm({5, 1, 1})), 2);
  EXPECT_EQ(smallest_batch(with_norm({5, 2, 1})), 1);
}

TEST(SmallestBatch, IsOneWithoutABatchNorm) {
  GraphBuilder g("test", 1);
  EXPECT_EQ(smallest_batch(g.finish({{"y", g.relu(g.input("x", {5}, at::kFloat))}})), 1);
}

}  // namespace
}  // namespace maas
