#include "data/hide_indices.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <gmock/gmock.h>

namespace maas {
namespace {

TEST(HiddenIndices, AreTheShareAskedForAndDependOnTheSeedAlone) {
  const at::Tensor all = at::full({1000, 4}, 7, at::kLong);
  const at::Tensor some = hidden_indices(all, 0.05, 1);
  EXPECT_NEAR(some.eq(0).sum().item<int64_t>(), 200, 60);
  EXPECT_EQ(some.eq(7).sum().item<int64_t>() + some.eq(0).sum().item<int64_t>(), 4000);
  EXPECT_TRUE(at::equal(some, hidden_indices(all, 0.05, 1)));
  EXPECT_FALSE(at::equal(some, hidden_indices(all, 0.05, 2)));
  EXPECT_EQ(all.eq(7).sum().item<int64_t>(), 4000);
}

}  // namespace
}  // namespace maas
