#include "train/trained_parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "base/error.h"
#include "call/builder.h"

namespace maas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// mean(b(between(a(x)))), and a layer that the loss does not read.
Program loss_of(const std::string& between) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {3}, at::kFloat);
  Handle h = g.linear("a", x, 3);
  h = g.call(between, {{"self", ValueRef{h.id}}});
  g.linear("unread", x, 2);
  const Handle y = g.linear("b", h, 1);
  return g.finish({{"loss", g.call("aten::mean", {{"self", ValueRef{y.id}}})}});
}

std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  return "";
}

TEST(TrainedParameters, AreThoseThatAGradientReaches) {
  EXPECT_THAT(trained_parameters(loss_of("aten::relu"), {}),
              ElementsAre("a.bias", "a.weight", "b.bias", "b.weight"));
  EXPECT_THAT(trained_parameters(loss_of("aten::detach"), {}), ElementsAre("b.bias", "b.weight"));
}

TEST(TrainedParameters, AreNotThoseThatAreFrozen) {
  EXPECT_THAT(trained_parameters(loss_of("aten::relu"), {"a.*", "*.bias"}),
              ElementsAre("b.weight"));
  EXPECT_THAT(refusal([] { trained_parameters(loss_of("aten::relu"), {"*"}); }),
              HasSubstr("no parameter is left"));
}

TEST(FreezePatterns, TakeTheBackboneForAllButTheLastLayer) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {3}, at::kFloat);
  const Program network = g.finish({{"out", g.linear("fc", g.relu(g.linear("a", x, 3)), 2)}});
  EXPECT_THAT(freeze_patterns(network, {"backbone"}), ElementsAre("a.bias", "a.weight"));
  EXPECT_THAT(freeze_patterns(network, {"*.bias", "backbone"}),
              ElementsAre("*.bias", "a.bias", "a.weight"));
  EXPECT_EQ(refusal([&] { check_freeze(network, {"backbone"}); }), "");
  EXPECT_THAT(refusal([] { check_freeze(loss_of("aten::relu"), {"backbone"}); }),
              HasSubstr("train.freeze: backbone"));
}

TEST(CheckFreeze, NamesThePatternThatFitsNothing) {
  const Program program = loss_of("aten::relu");
  EXPECT_EQ(refusal([&] { check_freeze(program, {"a.*", "b.weight"}); }), "");
  EXPECT_THAT(refusal([&] {
                check_freeze(program, {"b.wieght", "c.*"});
              }),
              testing::AllOf(HasSubstr("did you mean 'b.weight'"), HasSubstr("'c.*'")));
}

}  // namespace
}  // namespace maas
