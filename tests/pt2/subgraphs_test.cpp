// Higher-order operators as torch 2.13 writes them: each text is a node of a graph whose input is
// x, f32[2].
#include <ATen/ops/full.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "call/call.h"
#include "call/verify.h"
#include "pt2/graph_reader.h"

namespace maas {
namespace {

using testing::HasSubstr;

constexpr const char* kMeta =
    R"({"dtype":%,"sizes":[$],"requires_grad":false,"device":{"type":"cpu"},"strides":[@],)"
    R"("storage_offset":{"as_int":0},"layout":7})";

std::string meta(int dtype, bool scalar = false) {
  std::string text = kMeta;
  text.replace(text.find('%'), 1, std::to_string(dtype));
  text.replace(text.find('$'), 1, scalar ? "" : R"({"as_int":2})");
  text.replace(text.find('@'), 1, scalar ? "" : R"({"as_int":1})");
  return text;
}

std::string tensor(const std::string& name) {
  return R"({"as_tensor":{"name":")" + name + R"("}})";
}

std::string node(const std::string& target, const std::string& inputs, const std::string& outputs) {
  return R"({"target":")" + target + R"(","inputs":[)" + inputs + R"(],"outputs":[)" + outputs +
         R"(],"metadata":{}})";
}

// add.Scalar or mul.Scalar of the branch's x, as "y".
std::string branch(const std::string& op, const std::string& number) {
  const std::string body =
      node("torch.ops.aten." + op + ".Scalar",
           R"({"name":"self","arg":)" + tensor("x") +
               R"(,"kind":1},{"name":"other","arg":{"as_float":)" + number + R"(},"kind":1})",
           tensor("y"));
  return R"({"name":"","kind":1,"arg":{"as_graph":{"name":"g","graph":{"inputs":[)" + tensor("x") +
         R"(],"outputs":[)" + tensor("y") + R"(],"nodes":[)" + body + R"(],"tensor_values":{"x":)" +
         meta(7) + R"(,"y":)" + meta(7) + R"(},"sym_int_values":{}}}}})";
}

std::string argument(const std::string& arg) { return R"({"name":"","kind":1,"arg":)" + arg + "}"; }

const std::string kOperands = argument(R"({"as_tensors":[{"name":"x"}]})");

std::string exported(const std::string& nodes) {
  return R"({"graph_module":{"graph":{"inputs":[)" + tensor("x") + R"(],"outputs":[)" +
         tensor("z") + R"(],"nodes":[)" + nodes + R"(],"tensor_values":{"x":)" + meta(7) +
         R"(,"z":)" + meta(7) + R"(,"p":)" + meta(12, true) + R"(,"s":)" + meta(7, true) +
         R"(},"sym_int_values":{}},"signature":{"input_specs":[{"user_input":{"arg":)" +
         tensor("x") + R"(}}],"output_specs":[{"user_output":{"arg":)" + tensor("z") +
         R"(}}]},"module_call_graph":[]},"range_constraints":{},"verifiers":["TRAINING"]})";
}

Program read(const std::string& nodes) {
  const std::string where = "net.pt2";
  simdjson::dom::parser parser;
  const std::string text = exported(nodes);
  Program program;
  GraphReader(where, program).read(parse_json(parser, text, where));
  verify(program, where);
  return program;
}

at::Tensor answer(const Program& program, float value) {
  Slots slots(program.values.size());
  slots[program.user_inputs()[0]->value] = at::full({2}, value);
  for (size_t i = 0; i < program.nodes.size(); ++i) {
    Call(program, program.nodes[i], static_cast<int64_t>(i)).run(slots);
  }
  return slots[std::get<ValueRef>(program.user_outputs()[0]->value).id].toTensor();
}

std::string refusal(const std::string& nodes) {
  try {
    read(nodes);
  } catch (const Error& error) {
    return error.kind() == ErrorKind::kInput ? error.what() : "";
  }
  return "";
}

const std::string kPredicate = node("torch.ops.aten.sum.default",
                                    R"({"name":"self","arg":{"as_tensor":{"name":"x"}},"kind":1})",
                                    R"({"as_tensor":{"name":"s"}})") +
                               "," +
                               node("torch.ops.aten.gt.Scalar",
                                    R"({"name":"self","arg":{"as_tensor":{"name":"s"}},"kind":1},)"
                                    R"({"name":"other","arg":{"as_float":0.0},"kind":1})",
                                    R"({"as_tensor":{"name":"p"}})") +
                               ",";

TEST(Subgraphs, OfACondAreChosenByItsPredicate) {
  const Program program =
      read(kPredicate + node("torch.ops.higher_order.cond",
                             argument(tensor("p")) + "," + branch("add", "1.0") + "," +
                                 branch("mul", "3.0") + "," + kOperands,
                             tensor("z")));
  EXPECT_EQ(answer(program, 2)[0].item<float>(), 3);
  EXPECT_EQ(answer(program, -2)[0].item<float>(), -6);
}

TEST(Subgraphs, OfACondMayHangOnATruthThatIsFixed) {
  const Program program = read(node("torch.ops.higher_order.cond",
                                    argument(R"({"as_bool":false})") + "," + branch("add", "1.0") +
                                        "," + branch("mul", "3.0") + "," + kOperands,
                                    tensor("z")));
  EXPECT_EQ(answer(program, 2)[1].item<float>(), 6);
}

TEST(Subgraphs, OfWrappersAreInlined) {
  const Program program = read(node(
      "torch.ops.higher_order.wrap_with_set_grad_enabled",
      argument(R"({"as_bool":false})") + "," + branch("add", "1.0") + "," + argument(tensor("x")),
      tensor("z")));
  EXPECT_EQ(answer(program, 2)[0].item<float>(), 3);
}

TEST(Subgraphs, ThatDoNotFitTheirCallAreRefused) {
  const std::string cond = "torch.ops.higher_order.cond";
  const std::string both = branch("add", "1.0") + "," + branch("mul", "3.0");
  EXPECT_THAT(
      refusal(node(cond, argument(tensor("x")) + "," + branch("add", "1.0") + "," + kOperands,
                   tensor("z"))),
      HasSubstr("a predicate and two graphs"));
  EXPECT_THAT(
      refusal(node(cond, argument(R"({"as_int":1})") + "," + both + "," + kOperands, tensor("z"))),
      HasSubstr("a predicate that is no truth value"));
  EXPECT_THAT(refusal(node(cond, argument(R"({"as_bool":true})") + "," + both, tensor("z"))),
              HasSubstr("0 arguments; expected 1"));
  EXPECT_THAT(
      refusal(node(cond, argument(R"({"as_bool":true})") + "," + both + "," + kOperands, "")),
      HasSubstr("0 results; expected 1"));
}

}  // namespace
}  // namespace maas
