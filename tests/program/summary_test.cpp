#include "program/summary.h"

#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include "call/builder.h"
#include "program/example_sizes.h"

namespace maas {
namespace {

int64_t macs_of(const Program& program) {
  int64_t macs = 0;
  for (const LayerSummary& layer : summarise_layers(program)) macs += layer.macs;
  return macs;
}

Program fixed_batch(Program program, int64_t batch) {
  for (Value& value : program.values) {
    for (Dim& dim : value.shape) {
      if (dim.is_symbolic()) dim = Dim(batch);
    }
  }
  return program;
}

TEST(Summary, CountsProductsASampleWhateverTheBatch) {
  GraphBuilder g("net", 1);
  const Handle x = g.conv2d("conv", g.input("x", {3, 8, 8}, at::kFloat), 4, 3, {.padding = 1});
  const Program program = g.finish({{"y", g.linear("fc", g.flatten(x), 10)}});
  const int64_t wanted = 4 * 8 * 8 * (3 * 3 * 3) + 10 * (4 * 8 * 8);
  EXPECT_EQ(macs_of(program), wanted);
  EXPECT_EQ(macs_of(fixed_batch(program, 5)), wanted);
  EXPECT_EQ(summarise_layers(program)[0].parameters, 4 * 3 * 9 + 4);
}

TEST(Summary, CountsTransposedConvolutionsByTheirInput) {
  GraphBuilder g("net", 1);
  const Handle x = g.input("x", {4, 5, 5}, at::kFloat);
  const Handle weight = g.parameter("up.weight", at::ones({4, 2, 3, 3}));
  const Handle y = g.call("aten::conv_transpose2d.input",
                          {{"input", ValueRef{x.id}}, {"weight", ValueRef{weight.id}}});
  EXPECT_EQ(macs_of(g.finish({{"y", y}})), (4 * 5 * 5) * (2 * 3 * 3));
}

TEST(Summary, CountsAttentionAsItsTwoProducts) {
  GraphBuilder g("net", 1);
  const Handle q = g.input("q", {2, 7, 8}, at::kFloat);  // [B, heads, queries, width]
  const Handle k = g.input("k", {2, 9, 8}, at::kFloat);
  const Handle y =
      g.call("aten::scaled_dot_product_attention",
             {{"query", ValueRef{q.id}}, {"key", ValueRef{k.id}}, {"value", ValueRef{k.id}}});
  EXPECT_EQ(macs_of(g.finish({{"y", y}})), 2 * (2 * 7 * 8 * 9));
}

TEST(ExampleSizes, TellSamplesFromOtherSizes) {
  Program program;
  Value tokens;
  tokens.shape = {Dim("s0", 3), Dim("s1", 40), Dim("2*s1", 80)};
  program.values = {tokens};
  program.inputs = {{GraphInput::Kind::kUser, 0, "tokens", true, None{}}};
  program.symbols["s1"] = {.min = 2, .max = 16};
  const ExampleSizes sizes = example_sizes(program);
  EXPECT_EQ(sizes.batch, std::set<std::string>{"s0"});
  EXPECT_EQ(sizes.others.at("s1"), 16);  // the example, moved into the range
  EXPECT_FALSE(sizes.fixed_batch);
  EXPECT_EQ(sizes_of(tokens, sizes.with_batch(5)), (std::vector<int64_t>{5, 16, 32}));
}

TEST(ExampleSizes, KnowTheBatchThatAnExportFixed) {
  Program program;
  Value rows, row;
  rows.shape = {Dim(6), Dim(4)};
  row.shape = {Dim(4)};
  program.values = {rows, row};
  program.inputs = {{GraphInput::Kind::kUser, 0, "rows", true, None{}}};
  EXPECT_EQ(example_sizes(program).fixed_batch, 6);
  program.inputs[0].value = 1;
  EXPECT_EQ(example_sizes(program).fixed_batch, 1);
}

}  // namespace
}  // namespace maas
