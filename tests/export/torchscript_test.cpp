#include "export/torchscript/torchscript.h"

#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <torch/csrc/jit/serialization/import.h>

#include "call/builder.h"
#include "export/compare.h"
#include "export/samples.h"
#include "support/scratch.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class TorchScript : public testing::Test {
 protected:
  // Written, read again and compared.
  Agreement agreement(const Program& program) {
    write(program);
    return compare(forward_of(program), reopen_torchscript(path_, program),
                   random_samples(program).batches);
  }
  void write(const Program& program) {
    Model model;
    model.program = program;
    write_torchscript(model, path_, {});
  }
  torch::jit::Module loaded() { return torch::jit::load(path_); }

  Scratch scratch_;
  std::string path_ = scratch_.path("net.torchscript");
};

Program one_layer(const std::string& name) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {4}, at::kFloat);
  return g.finish({{"y", g.linear(name, x, 3)}});
}

TEST_F(TorchScript, KeepsTheNamesOfWeightsAsNestedModules) {
  EXPECT_EQ(agreement(one_layer("layer1.0.fc")).max_abs, 0);
  std::vector<std::string> names;
  for (const auto& parameter : loaded().named_parameters()) names.push_back(parameter.name);
  EXPECT_THAT(names, testing::UnorderedElementsAre("layer1.0.fc.weight", "layer1.0.fc.bias"));
}

TEST_F(TorchScript, TakesNamesThatPythonHasNot) {
  for (const char* name : {"a b.c\"d", "forward", "training", "..", "1", "caf\xc3\xa9", "self"}) {
    EXPECT_EQ(agreement(one_layer(name)).max_abs, 0) << name;
  }
}

TEST_F(TorchScript, KeepsTensorsApartWhoseNamesAreInEachOther) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("self", {2}, at::kFloat);
  Handle sum = x;
  double value = 1;
  for (const char* name : {"w", "w.w", "w_", "w-", "w.w.w", "forward"}) {
    sum = g.add(sum, g.parameter(name, at::tensor({value, -value}, at::kFloat)));
    value *= 2;
  }
  const Program program = g.finish({{"y", sum}});
  EXPECT_EQ(agreement(program).max_abs, 0);
}

TEST_F(TorchScript, KeepsTheBatchDynamicWhereSizesAreComputed) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {6, 4}, at::kFloat);
  Handle y = g.call("aten::reshape", {{"self", ValueRef{x.id}}, {"shape", IntList{{{-1}, {4}}}}});
  Program program = g.finish({{"y", y}});
  // What torch.export makes of x.reshape(2 * x.shape[0], -1, 4).
  Node size = make_node("aten::sym_size.int", {{"self", ValueRef{x.id}}, {"dim", int64_t{0}}});
  const ValueId rows = add_result(program, size, "rows");
  program.value(rows).kind = ValueKind::kSymInt;
  program.value(rows).number = Dim("s0", 4);
  Node twice = make_node("_operator::mul", {{"a", ValueRef{rows}}, {"b", int64_t{2}}});
  const ValueId many = add_result(program, twice, "many");
  program.value(many).kind = ValueKind::kSymInt;
  program.value(many).number = Dim("2*s0", 8);
  Node& reshape = program.nodes.back();
  reshape.set("shape", IntList{{{0, many}, {-1}, {4}}});
  program.value(y.id).shape = {Dim("2*s0", 8), Dim(3), Dim(4)};
  program.nodes.insert(program.nodes.begin(), {size, twice});
  EXPECT_EQ(agreement(program).max_abs, 0);  // on several batch sizes
}

TEST_F(TorchScript, GivesSeveralOutputsAsOneTuple) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {4}, at::kFloat);
  const Program program = g.finish({{"a", g.relu(x)}, {"b", g.linear("fc", x, 2)}, {"c", x}});
  EXPECT_EQ(agreement(program).max_abs, 0);
  EXPECT_EQ(loaded().forward({at::zeros({3, 4})}).toTupleRef().size(), 3U);
}

TEST_F(TorchScript, WritesOnlyTheBytesOfATensorThatIsAView) {
  Program program = one_layer("fc");
  at::Tensor& weight = program.parameters.at("fc.weight");
  const at::Tensor large = at::zeros({1000, 1000});
  large.narrow(0, 0, 3).narrow(1, 0, 4).copy_(weight);
  weight = large.narrow(0, 0, 3).narrow(1, 0, 4);
  EXPECT_EQ(agreement(program).max_abs, 0);
  EXPECT_LT(std::filesystem::file_size(path_), 100'000U);
}

TEST_F(TorchScript, RefusesAnOperatorThatItHasNotByNodeAndName) {
  Program program = one_layer("fc");
  program.nodes.back().op = "aten::no_such_operator";
  EXPECT_THAT(error_of([&] { write(program); }, ErrorKind::kUsage),
              AllOf(HasSubstr("aten::no_such_operator"), HasSubstr("node 0"),
                    HasSubstr("TorchScript"), HasSubstr("--format")));
}

}  // namespace
}  // namespace maas
