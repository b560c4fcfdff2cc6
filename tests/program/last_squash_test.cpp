#include "program/last_squash.h"

#include <gtest/gtest.h>

#include "call/builder.h"

namespace maas {
namespace {

struct Ending {
  GraphBuilder g = GraphBuilder("test", 1);
  Handle x = g.input("x", {4}, at::kFloat);
  Handle logits = g.linear("fc", x, 3);

  Program with(const char* op, std::vector<Operand> more) {
    more.insert(more.begin(), {"self", ValueRef{logits.id}});
    const Handle last = g.call(op, more);
    const Handle copy = g.call("aten::clone", {{"self", ValueRef{last.id}}});
    return g.finish({{"out", copy}});
  }
};

TEST(LastSquash, IsASoftmaxOverTheClasses) {
  Ending ending;
  const Program program = ending.with("aten::softmax.int", {{"dim", int64_t{-1}}});
  EXPECT_EQ(output_form(program, Squash::kSoftmax), OutputForm::kProbabilities);
  EXPECT_EQ(logits_of(program, Squash::kSoftmax), ending.logits.id);
  const Program before = with_logits(program, Squash::kSoftmax);
  EXPECT_EQ(std::get<ValueRef>(before.user_outputs().at(0)->value).id, ending.logits.id);
  EXPECT_EQ(output_form(program, Squash::kSigmoid), OutputForm::kLogits);
}

TEST(LastSquash, IsALogSoftmaxToo) {
  const Program program = Ending().with("aten::log_softmax.int", {{"dim", int64_t{1}}});
  EXPECT_EQ(output_form(program, Squash::kSoftmax), OutputForm::kLogProbabilities);
}

TEST(LastSquash, IsNoSoftmaxOverTheRows) {
  const Program program = Ending().with("aten::softmax.int", {{"dim", int64_t{0}}});
  EXPECT_EQ(output_form(program, Squash::kSoftmax), OutputForm::kLogits);
}

TEST(LastSquash, IsASigmoidForSeveralLabels) {
  Ending ending;
  const Program program = ending.with("aten::sigmoid", {});
  EXPECT_EQ(output_form(program, Squash::kSigmoid), OutputForm::kProbabilities);
  EXPECT_EQ(logits_of(program, Squash::kSigmoid), ending.logits.id);
  EXPECT_EQ(output_form(program, Squash::kSoftmax), OutputForm::kLogits);
}

TEST(LastSquash, LeavesANetworkThatEndsInLogits) {
  const Program program = Ending().with("aten::relu", {});
  EXPECT_EQ(to_text(with_logits(program, Squash::kSoftmax)), to_text(program));
}

}  // namespace
}  // namespace maas
