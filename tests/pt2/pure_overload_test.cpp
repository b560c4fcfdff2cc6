#include "pt2/pure_overload.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "program/operators.h"

namespace maas {
namespace {

Node node_of(const c10::FunctionSchema& schema) {
  Node node;
  node.op = schema.name();
  node.overload = schema.overload_name();
  for (const c10::Argument& argument : schema.arguments()) {
    node.arguments.push_back({argument.name(), None{}, false});
  }
  return node;
}

Node pure_node_of(const std::string& op, const std::string& overload) {
  Node node = node_of(
      c10::Dispatcher::singleton().findSchemaOrThrow(op.c_str(), overload.c_str()).schema());
  EXPECT_TRUE(call_pure_overload(node)) << op;
  return node;
}

std::vector<std::string> names_of(const Node& node) {
  std::vector<std::string> names;
  for (const NamedArgument& argument : node.arguments) names.push_back(argument.name);
  return names;
}

using Names = std::vector<std::string>;

// Every in-place overload of this libtorch whose pure form may be in a Program.
std::vector<c10::FunctionSchema> in_place_schemas() {
  std::vector<c10::FunctionSchema> schemas;
  auto& dispatcher = c10::Dispatcher::singleton();
  for (const c10::OperatorName& name : dispatcher.getAllOpNames()) {
    const auto found = dispatcher.findSchema(name);
    if (!found || pure_form(name.name).empty()) continue;
    const auto& arguments = found->schema().arguments();
    const bool changes_self = !arguments.empty() && arguments[0].alias_info() != nullptr &&
                              arguments[0].alias_info()->isWrite() &&
                              arguments[0].type()->kind() == c10::TypeKind::TensorType;
    if (changes_self) schemas.push_back(found->schema());
  }
  return schemas;
}

TEST(PureOverload, EveryInPlaceOverloadHasOneWithItsArguments) {
  const auto schemas = in_place_schemas();
  EXPECT_GT(schemas.size(), 200U);
  for (const c10::FunctionSchema& schema : schemas) {
    Node node = node_of(schema);
    ASSERT_TRUE(call_pure_overload(node)) << schema;
    const auto pure = c10::Dispatcher::singleton().findSchema({node.op, node.overload});
    ASSERT_TRUE(pure) << schema;
    EXPECT_FALSE(pure->schema().is_mutable()) << schema;
    for (size_t i = 0; i < node.arguments.size(); ++i) {
      const auto index = pure->schema().argumentIndexWithName(node.arguments[i].name);
      ASSERT_TRUE(index) << schema << " " << node.arguments[i].name;
      EXPECT_TRUE(*pure->schema().arguments()[*index].real_type() ==
                  *schema.arguments()[i].real_type())
          << schema << " " << pure->schema();
    }
  }
}

TEST(PureOverload, RenamesWhatThePureFormCallsOtherwise) {
  EXPECT_EQ(names_of(pure_node_of("aten::dropout_", "")), (Names{"input", "p", "train"}));
  EXPECT_EQ(names_of(pure_node_of("aten::feature_dropout_", "")), (Names{"input", "p", "train"}));
  EXPECT_EQ(names_of(pure_node_of("aten::alpha_dropout_", "")), (Names{"input", "p", "train"}));
}

TEST(PureOverload, FindsTheOverloadByTheTypesOfItsArguments) {
  EXPECT_EQ(pure_node_of("aten::pow_", "Scalar").overload, "Tensor_Scalar");
  EXPECT_EQ(pure_node_of("aten::pow_", "Tensor").overload, "Tensor_Tensor");
  EXPECT_EQ(pure_node_of("aten::floor_divide_", "Tensor").overload, "");
  EXPECT_EQ(pure_node_of("aten::bernoulli_", "float").overload, "p");
  EXPECT_EQ(names_of(pure_node_of("aten::polygamma_", "")), (Names{"self", "n"}));
}

TEST(PureOverload, LeavesANodeThatHasNone) {
  Node node;
  node.op = "aten::resize_";
  EXPECT_FALSE(call_pure_overload(node));
  EXPECT_EQ(node.op, "aten::resize_");
}

}  // namespace
}  // namespace maas
