// Initial weights of the layers that are functions of a builder, as PyTorch draws them; their
// numbers are compared with torch.nn in tests/interop/layers_test.py.
#include <gtest/gtest.h>

#include <cmath>

#include "call/convolutions.h"
#include "call/norms.h"
#include "call/sequence_layers.h"

namespace maas {
namespace {

struct Drawn {
  double largest = 0, deviation = 0;
};

Drawn drawn(const Program& program, const std::string& name) {
  const at::Tensor& tensor = program.parameters.at(name);
  return {tensor.abs().max().item<double>(), tensor.std().item<double>()};
}

// Uniform in +-bound.
void expect_uniform(const Program& program, const std::string& name, double bound) {
  const Drawn found = drawn(program, name);
  EXPECT_LE(found.largest, bound) << name;
  EXPECT_NEAR(found.deviation, bound / std::sqrt(3.0), 0.1 * bound) << name;
}

TEST(Convolutions, AreDrawnByWhatComesIn) {
  GraphBuilder g("test", 3);
  const Handle x = g.input("x", {8, 12, 12}, at::kFloat);
  convolve(g, "a", x, 64, {.kernel = 3, .groups = 2});
  convolve_transposed(g, "b", x, 64, {.kernel = 3, .groups = 2});
  const Program program = g.finish({});
  expect_uniform(program, "a.weight", 1 / std::sqrt(4 * 9.0));
  expect_uniform(program, "a.bias", 1 / std::sqrt(4 * 9.0));
  expect_uniform(program, "b.weight", 1 / std::sqrt(32 * 9.0));
  EXPECT_EQ(program.parameters.at("b.weight").sizes(), (at::IntArrayRef{8, 32, 3, 3}));
}

TEST(Convolutions, FollowTheSizeOfTheInput) {
  GraphBuilder g("test", 3);
  const Handle row = g.input("row", {2, 20}, at::kFloat);
  EXPECT_EQ(to_text(g.shape(convolve(g, "a", row, 4, {.kernel = 5, .stride = 2, .dilation = 2}))),
            "[s0, 4, 6]");
  EXPECT_EQ(to_text(g.shape(convolve_transposed(g, "b", row, 4, {.kernel = 4, .stride = 2}))),
            "[s0, 4, 42]");
  EXPECT_EQ(to_text(g.shape(max_pool(g, row, {}))), "[s0, 2, 10]");
  EXPECT_EQ(to_text(g.shape(pool_all(g, row))), "[s0, 2]");
}

TEST(Recurrent, IsDrawnByItsSize) {
  GraphBuilder g("test", 3);
  const Handle x = g.input("x", {5, 3}, at::kFloat);
  const Handle last = recurrent(g, "a", x, {.size = 16, .layers = 2, .bidirectional = true});
  EXPECT_EQ(to_text(g.shape(last)), "[s0, 32]");
  const Program program = g.finish({});
  expect_uniform(program, "a.weight_hh_l1_reverse", 0.25);
  EXPECT_EQ(program.parameters.at("a.weight_ih_l1").sizes(), (at::IntArrayRef{64, 32}));
  EXPECT_EQ(program.parameters.size(), 16U);
}

TEST(Attention, IsDrawnAsPyTorchDoes) {
  GraphBuilder g("test", 3);
  const Handle x = g.input("x", {5, 32}, at::kFloat);
  EXPECT_EQ(to_text(g.shape(self_attention(g, "a", x, {.heads = 4}))), "[s0, 5, 32]");
  const Program program = g.finish({});
  expect_uniform(program, "a.in_proj_weight", std::sqrt(6.0 / (32 + 96)));
  expect_uniform(program, "a.out_proj.weight", 1 / std::sqrt(32.0));
  EXPECT_EQ(drawn(program, "a.in_proj_bias").largest, 0);
  EXPECT_EQ(drawn(program, "a.out_proj.bias").largest, 0);
}

TEST(Norms, BeginAsScaleOneAndShiftZero) {
  GraphBuilder g("test", 3);
  const Handle x = g.input("x", {8, 4, 4}, at::kFloat);
  group_norm(g, "a", x, 2);
  channel_norm(g, "b", x);
  instance_norm(g, "c", x);
  const Program program = g.finish({});
  EXPECT_EQ(program.parameters.size(), 4U);
  EXPECT_TRUE(program.parameters.at("a.weight").eq(1).all().item<bool>());
  EXPECT_TRUE(program.parameters.at("b.bias").eq(0).all().item<bool>());
}

}  // namespace
}  // namespace maas
