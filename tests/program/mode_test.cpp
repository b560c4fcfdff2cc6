#include "program/mode.h"

#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "call/builder.h"
#include "call/verify.h"

namespace maas {
namespace {

bool flag(const Program& program, const std::string& op, const std::string& name) {
  for (const Node& node : program.nodes) {
    if (node.op == op && node.find(name) != nullptr) return std::get<bool>(*node.find(name));
  }
  ADD_FAILURE() << op << " has no " << name;
  return false;
}

TEST(Mode, SetsTheFlagsOfTraining) {
  GraphBuilder g("net", 1);
  const Handle x = g.dropout(g.batch_norm("bn", g.input("x", {3, 4, 4}, at::kFloat)), 0.5);
  const Program program = g.finish({{"out", x}});
  for (const Mode mode : {Mode::kTrain, Mode::kEval}) {
    const Program set = with_mode(program, mode);
    EXPECT_EQ(flag(set, "aten::batch_norm", "training"), mode == Mode::kTrain);
    EXPECT_EQ(flag(set, "aten::dropout", "train"), mode == Mode::kTrain);
  }
}

TEST(Mode, LeavesANormWithoutStatisticsAlone) {
  GraphBuilder g("net", 1);
  const Handle x = g.input("x", {3, 4, 4}, at::kFloat);
  const Handle y = g.call("aten::batch_norm", {{"input", ValueRef{x.id}},
                                               {"weight", None{}},
                                               {"bias", None{}},
                                               {"running_mean", None{}},
                                               {"running_var", None{}},
                                               {"training", true},
                                               {"momentum", 0.1},
                                               {"eps", 1e-5},
                                               {"cudnn_enabled", false}});
  const Program eval = with_mode(g.finish({{"out", y}}), Mode::kEval);
  EXPECT_TRUE(flag(eval, "aten::batch_norm", "training"));
  EXPECT_NO_THROW(verify(eval, "net.pt2"));
}

TEST(Mode, MakesADecomposedBatchNormTrainable) {
  GraphBuilder g("net", 1);
  const Handle x = g.input("x", {3, 4, 4}, at::kFloat);
  const Handle mean = g.buffer("mean", at::zeros({3})), variance = g.buffer("var", at::ones({3}));
  const Handle y =
      g.call("aten::_native_batch_norm_legit_no_training", {{"input", ValueRef{x.id}},
                                                            {"weight", None{}},
                                                            {"bias", None{}},
                                                            {"running_mean", ValueRef{mean.id}},
                                                            {"running_var", ValueRef{variance.id}},
                                                            {"momentum", 0.1},
                                                            {"eps", 1e-5}});
  const Program train = with_mode(g.finish({{"out", y}}), Mode::kTrain);
  EXPECT_TRUE(flag(train, "aten::batch_norm", "training"));
  EXPECT_NO_THROW(verify(train, "net.pt2"));
}

}  // namespace
}  // namespace maas
