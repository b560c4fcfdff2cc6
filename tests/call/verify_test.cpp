#include "call/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "call/builder.h"
#include "program/emit.h"

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
  program.outputs.push_back({GraphOutput::Kind::kUser, int64_t{3}, ""});
  const std::string said = message_of(program);
  EXPECT_THAT(said, HasSubstr("output 1: is a constant; expected a tensor"));
  EXPECT_THAT(said, HasSubstr("returns its tensors only"));
}

TEST(Verify, LetsANothingAmongTheOutputsPass) {
  Program program = small_network();
  program.outputs.push_back({GraphOutput::Kind::kUser, None{}, ""});
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

TEST(Verify, RefusesABiasThatOnlyTheKernelLooksAt) {
  Program program = small_network();
  program.parameters["fc1.bias"] = program.parameters["fc1.bias"].to(at::kDouble);
  for (GraphInput& input : program.inputs) {
    if (input.target == "fc1.bias") program.value(input.value).dtype = at::kDouble;
  }
  EXPECT_THAT(message_of(program), HasSubstr("net.pt2: node 0 (%linear = aten::linear)"));
}

TEST(Verify, RefusesADtypeForWhichThereIsNoKernel) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {4}, at::kFloat);
  Program program = g.finish({{"y", g.call("aten::tril", {{"self", ValueRef{x.id}}})}});
  ASSERT_EQ(message_of(program), "");
  for (Value& value : program.values) value.dtype = at::kUInt64;
  EXPECT_THAT(message_of(program), HasSubstr("not implemented for 'UInt64'"));
}

TEST(Verify, RefusesAnOperatorThatWritesIntoItsArguments) {
  Program program = small_network();
  program.nodes[1].overload = "out";
  EXPECT_THAT(message_of(program), HasSubstr("writes into its arguments"));
}

TEST(Verify, RefusesNoneInAListOfTensors) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {4}, at::kFloat);
  Program program = g.finish({{"y", g.concat({x, x}, 1)}});
  program.nodes[0].arguments[0].value = ValueList{{x.id, kNoValue}};
  EXPECT_THAT(message_of(program), HasSubstr("argument 'tensors' is a list with none in it"));
}

TEST(Verify, RefusesAResultThatIsNoTensor) {
  Program program = small_network();
  Node& size = program.nodes[1];  // the value stays declared as a tensor
  size =
      Node{"aten::sym_size", "int", {{"self", ValueRef{0}}, {"dim", int64_t{0}}}, size.outputs, {}};
  EXPECT_THAT(message_of(program), HasSubstr("makes Int as %relu; expected a tensor"));
}

TEST(Verify, RefusesAListWhereTheOperatorMakesOneTensor) {
  Program program = small_network();
  program.nodes[1].outputs[0].is_list = true;
  EXPECT_THAT(message_of(program), HasSubstr("result 0 is a list of tensors; expected one value"));
}

TEST(Verify, RefusesAMutationOfABufferThatIsNotThere) {
  Program program = small_network();
  program.outputs.push_back(
      {GraphOutput::Kind::kBufferMutation, program.outputs[0].value, "count"});
  EXPECT_THAT(message_of(program),
              HasSubstr("output that writes buffer 'count': there is no such"));
}

TEST(Verify, RefusesSizesThatNoMemoryHolds) {
  Program program = small_network();
  program.value(program.user_inputs()[0]->value).shape = {Dim(INT64_MAX / 2), Dim(8)};
  EXPECT_THAT(message_of(program), HasSubstr("expected a tensor that memory can hold"));
}

TEST(Verify, RefusesANumberThatIsNoDtype) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {4}, at::kFloat);
  Program program = g.finish({{"y", g.call("aten::sum", {{"self", ValueRef{x.id}}})}});
  program.nodes[0].set("dtype", int64_t{977});
  EXPECT_THAT(message_of(program), HasSubstr("argument 'dtype' is 977; expected ScalarType"));
}

TEST(Verify, RefusesTwoValuesOfOneName) {
  Program program = small_network();
  program.values[0].name = program.values[1].name;
  EXPECT_THAT(message_of(program), HasSubstr("two values of this name"));
}

TEST(Verify, AcceptsLargeImagesInTheLargeBatchesOfTheirExport) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {3, 224, 224}, at::kFloat);
  const Handle h = g.relu(g.conv2d("conv", x, 64, 3, {.padding = 1}));
  Program program = g.finish({{"y", g.linear("fc", g.flatten(g.global_avg_pool(h)), 10)}});
  for (Value& value : program.values) {
    if (!value.shape.empty() && value.shape[0].is_symbolic()) value.shape[0].size = 64;
  }
  EXPECT_EQ(message_of(program), "");
}

// Each piece has a header, also where it has no memory: these would fill any machine.
TEST(Verify, RefusesToTakeATensorIntoMorePiecesThanAMachineHolds) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {1}, at::kByte);
  Program program = g.finish({{"y", g.relu(x)}});
  program.value(x.id).shape[0] = Dim(int64_t{1} << 31);
  const Node::Output made = {program.nodes[0].outputs[0].ids, true};
  for (Node node :
       {make_node("aten::unbind.int", {{"self", ValueRef{x.id}}}),
        make_node("aten::split.Tensor", {{"self", ValueRef{x.id}}, {"split_size", int64_t{1}}}),
        make_node("aten::chunk", {{"self", ValueRef{x.id}}, {"chunks", int64_t{1} << 40}})}) {
    node.outputs = {made};
    program.nodes[0] = node;
    EXPECT_THAT(message_of(program), HasSubstr("into 2147483648 pieces; expected at most 1048576"));
  }
}

TEST(Verify, RefusesTwoInputsForOneWeight) {
  Program program = small_network();
  program.inputs.push_back(program.inputs[1]);
  program.inputs.back().value = static_cast<ValueId>(program.values.size());
  program.values.push_back(program.value(program.inputs[1].value));
  program.values.back().name = "again";
  EXPECT_THAT(message_of(program), HasSubstr("two inputs of this name"));
}

TEST(Verify, RefusesASliceThatIsShorterThanDeclaredOnceTheBatchIsLarge) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {4}, at::kFloat);
  Program program = g.finish({{"y", g.call("aten::slice.Tensor", {{"self", ValueRef{x.id}},
                                                                  {"dim", int64_t{0}},
                                                                  {"start", int64_t{0}},
                                                                  {"end", int64_t{1 << 20}}})}});
  ASSERT_EQ(message_of(program), "");
  program.nodes[0].set("end", int64_t{100});
  EXPECT_THAT(message_of(program), HasSubstr("makes f32[100, 4]; expected f32[1021, 4]"));
}

}  // namespace
}  // namespace maas
