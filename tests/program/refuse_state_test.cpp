#include "program/refuse_state.h"

#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "call/builder.h"
#include "pt2/make_pure.h"

namespace maas {
namespace {

using testing::HasSubstr;

class State : public testing::Test {
 protected:
  Handle count_up() {
    count_ = g_.buffer("count", at::zeros({4}));
    return g_.call("aten::add_.Scalar", {{"self", ValueRef{count_.id}}, {"other", 1.0}});
  }
  std::string refusal(Handle output) {
    Program program = g_.finish({{"out", output}});
    make_pure(program, "net.pt2");
    try {
      refuse_state(program, "net.pt2");
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  GraphBuilder g_{"net", 1};
  Handle x_ = g_.input("x", {4}, at::kFloat), count_;
};

TEST_F(State, IsRefusedWhereAnOutputDependsOnIt) {
  const std::string said = refusal(g_.add(x_, count_up()));
  EXPECT_THAT(said, HasSubstr("net.pt2: output"));
  EXPECT_THAT(said, HasSubstr("buffer 'count'"));
  EXPECT_THAT(said, HasSubstr("net.eval()"));
}

TEST_F(State, ThatNoOutputDependsOnIsNone) {
  count_up();
  EXPECT_EQ(refusal(g_.relu(x_)), "");
}

TEST_F(State, OfABatchNormIsNone) {
  const Handle mean = g_.buffer("mean", at::zeros({4})), variance = g_.buffer("var", at::ones({4}));
  const auto normed = g_.call_many("aten::_native_batch_norm_legit_functional",
                                   {{"input", ValueRef{x_.id}},
                                    {"weight", None{}},
                                    {"bias", None{}},
                                    {"running_mean", ValueRef{mean.id}},
                                    {"running_var", ValueRef{variance.id}},
                                    {"training", true},
                                    {"momentum", 0.1},
                                    {"eps", 1e-5}},
                                   5);
  Program program = g_.finish({{"out", normed[0]}});
  program.outputs.push_back({GraphOutput::Kind::kBufferMutation, ValueRef{normed[3].id}, "mean"});
  EXPECT_NO_THROW(refuse_state(program, "net.pt2"));
}

}  // namespace
}  // namespace maas
