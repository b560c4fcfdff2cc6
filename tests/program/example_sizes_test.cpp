#include "program/example_sizes.h"

#include <gtest/gtest.h>

#include "call/builder.h"

namespace maas {
namespace {

TEST(ExampleSizes, WithABatchHaveItInEveryHint) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {3, 8, 8}, at::kFloat);
  const Handle h = g.conv2d("conv", x, 4, 3, {.stride = 2});
  const Program program = with_example_batch(g.finish({{"y", g.flatten(h)}}), 32);
  EXPECT_EQ(program.value(x.id).shape[0].size, 32);
  EXPECT_TRUE(program.value(x.id).shape[0].is_symbolic());
  EXPECT_EQ(program.value(h.id).shape[0].size, 32);
  EXPECT_EQ(program.value(h.id).shape[2].size, 3);
}

TEST(ExampleSizes, LeaveAFixedBatchAsItIs) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {3}, at::kFloat);
  Program program = g.finish({{"y", g.relu(x)}});
  for (Value& value : program.values) value.shape[0] = Dim(5);
  EXPECT_EQ(with_example_batch(program, 32).value(x.id).shape[0].size, 5);
}

}  // namespace
}  // namespace maas
