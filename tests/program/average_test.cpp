#include "program/average.h"

#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "call/builder.h"
#include "call/verify.h"
#include "support/evaluate_program.h"

namespace maas {
namespace {

Program network(uint64_t seed, double shift) {
  GraphBuilder g("test", seed);
  const Handle x = g.input("x", {4}, at::kFloat);
  const Handle same = g.buffer("same", at::ones({4}));
  const Handle own = g.buffer("own", at::full({4}, shift));
  Handle h = g.call("aten::mul.Tensor", {{"self", ValueRef{x.id}}, {"other", ValueRef{same.id}}});
  h = g.call("aten::add.Tensor", {{"self", ValueRef{h.id}}, {"other", ValueRef{own.id}}});
  return g.finish({{"y", g.relu(g.linear("fc", h, 3))}});
}

TEST(Average, IsTheMeanOfWhatItsMembersGive) {
  const std::vector<Program> members = {network(1, 0), network(2, 1), network(3, 2)};
  const Program all = averaged(members);
  EXPECT_NO_THROW(verify(all, "test"));
  const at::Tensor x = at::randn({5, 4});
  at::Tensor sum = at::zeros({5, 3});
  for (const Program& member : members) sum += evaluate(member, {x})[0];
  EXPECT_TRUE(evaluate(all, {x})[0].allclose(sum.div(3)));
}

TEST(Average, NamesWeightsByMemberAndSharesBuffersThatAreEqual) {
  const Program all = averaged({network(1, 0), network(2, 1)});
  EXPECT_EQ(all.parameters.count("fold1.fc.weight"), 1);
  EXPECT_EQ(all.parameters.count("fold2.fc.weight"), 1);
  EXPECT_EQ(all.parameters.size(), 4);
  EXPECT_EQ(all.buffers.count("same"), 1);
  EXPECT_EQ(all.buffers.count("fold1.own"), 1);
  EXPECT_EQ(all.buffers.size(), 3);
  EXPECT_EQ(all.user_inputs().size(), 1);
}

// As a regression's does, which goes back to the units of its targets.
Program ending_in_a_sum(uint64_t seed) {
  GraphBuilder g("test", seed);
  const Handle y = g.linear("fc", g.input("x", {4}, at::kFloat), 3);
  const Handle mean = g.buffer("mean", at::ones({3}));
  return g.finish({{"y", g.call("aten::add.Tensor",
                                {{"self", ValueRef{y.id}}, {"other", ValueRef{mean.id}}})}});
}

TEST(Average, TellsItsOwnSumsFromThoseOfAMember) {
  const std::vector<Program> members = {ending_in_a_sum(1), ending_in_a_sum(2)};
  const Program all = averaged(members);
  EXPECT_EQ(members_of_average(all), 2);
  const at::Tensor x = at::randn({5, 4});
  EXPECT_TRUE(evaluate(first_of_average(all), {x})[0].equal(evaluate(members[0], {x})[0]));
}

TEST(Average, GivesItsFirstMemberBack) {
  const std::vector<Program> members = {network(1, 0), network(2, 1), network(3, 2)};
  const Program all = averaged(members);
  EXPECT_EQ(members_of_average(all), 3);
  EXPECT_EQ(members_of_average(members[0]), 0);
  const Program first = first_of_average(all);
  EXPECT_NO_THROW(verify(first, "test"));
  EXPECT_EQ(first.parameters.size(), 2);
  EXPECT_EQ(first.parameters.count("fc.weight"), 1);
  const at::Tensor x = at::randn({5, 4});
  EXPECT_TRUE(evaluate(first, {x})[0].equal(evaluate(members[0], {x})[0]));
}

}  // namespace
}  // namespace maas
