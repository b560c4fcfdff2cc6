#include "program/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "program/builder.h"

namespace maas {
namespace {

using testing::HasSubstr;

Program small_network() {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {8}, at::kFloat);
  return g.finish({{"y", g.linear("fc2", g.relu(g.linear("fc1", x, 16)), 4)}});
}

std::string message_of(const Program& program) {
  try {
    verify(program, "net.pt2");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Verify, AcceptsWhatTheBuilderMade) { EXPECT_EQ(message_of(small_network()), ""); }

TEST(Verify, NamesTheNodeWhoseShapesDoNotGoTogether) {
  Program program = small_network();
  program.parameters["fc2.weight"] = at::Tensor(program.parameters["fc2.weight"].slice(1, 0, 12));
  for (GraphInput& input : program.inputs) {
    if (input.target == "fc2.weight") program.value(input.value).shape[1] = Dim(12);
  }
  EXPECT_THAT(message_of(program), HasSubstr("node 2 (%y = aten::linear)"));
}

TEST(Verify, NamesTheWeightThatDiffersFromItsDeclaration) {
  Program program = small_network();
  program.parameters["fc1.bias"] = program.parameters["fc1.bias"].to(at::kDouble);
  EXPECT_THAT(message_of(program),
              HasSubstr("weight 'fc1.bias': f64[16]; expected f32[16] as the graph says"));
}

TEST(Verify, RefusesAValueThatIsReadBeforeItIsMade) {
  Program program = small_network();
  std::swap(program.nodes[0], program.nodes[1]);
  EXPECT_THAT(message_of(program), HasSubstr("before it is made"));
}

TEST(Verify, RefusesAnOperatorOffTheList) {
  Program program = small_network();
  program.nodes[1].op = "aten::from_file";
  EXPECT_THAT(message_of(program), HasSubstr("aten::from_file"));
  EXPECT_THAT(message_of(program), HasSubstr("not on the list"));
}

TEST(Verify, RefusesAnArgumentThatTheSchemaDoesNotHave) {
  Program program = small_network();
  program.nodes[0].arguments[1].name = "wieght";
  EXPECT_THAT(message_of(program), HasSubstr("argument 'wieght'"));
  EXPECT_THAT(message_of(program), HasSubstr("did you mean 'weight'?"));
}

TEST(Verify, RefusesAMissingArgument) {
  Program program = small_network();
  program.nodes[0].arguments.erase(program.nodes[0].arguments.begin() + 1);
  EXPECT_THAT(message_of(program), HasSubstr("argument 'weight' is missing; expected Tensor"));
}

TEST(Verify, RefusesADeclaredShapeThatTheOperatorDoesNotMake) {
  Program program = small_network();
  program.value(std::get<ValueRef>(program.outputs[0].value).id).shape[1] = Dim(5);
  EXPECT_THAT(message_of(program), HasSubstr("[s0, 5]"));
}

TEST(Verify, RefusesABatchThatWasFixedBehindASymbol) {
  Program program = small_network();  // the output claims a batch of 7 whatever comes in
  program.value(std::get<ValueRef>(program.outputs[0].value).id).shape[0] = Dim(7);
  EXPECT_THAT(message_of(program), HasSubstr("as declared"));
}

TEST(Verify, RefusesAnOutputThatIsNoTensor) {
  Program program = small_network();
  program.outputs.push_back({OutputKindOf::kUser, int64_t{3}, ""});
  const std::string said = message_of(program);
  EXPECT_THAT(said, HasSubstr("output 1: is a constant; expected a tensor"));
  EXPECT_THAT(said, HasSubstr("returns its tensors only"));
}

TEST(Verify, LetsANothingAmongTheOutputsPass) {
  Program program = small_network();
  program.outputs.push_back({OutputKindOf::kUser, None{}, ""});
  EXPECT_EQ(message_of(program), "");
}

// libtorch's kernel would read through a null pointer.
TEST(Verify, RefusesABatchNormWithNothingToNormaliseBy) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {3, 4, 4}, at::kFloat);
  const auto made = g.call_many("aten::_native_batch_norm_legit.no_stats",
                                {{"input", ValueRef{x.id}},
                                 {"weight", None{}},
                                 {"bias", None{}},
                                 {"training", true},
                                 {"momentum", 0.1},
                                 {"eps", 1e-5}},
                                3);
  Program program = g.finish({{"y", made[0]}});
  EXPECT_EQ(message_of(program), "");
  program.nodes[0].set("training", false);
  EXPECT_THAT(message_of(program), HasSubstr("neither running statistics nor"));
}

}  // namespace
}  // namespace maas
