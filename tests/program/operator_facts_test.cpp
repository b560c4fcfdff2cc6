// The facts are compared with what libtorch's own schemas and tags say.
#include "program/operator_facts.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/enum_tag.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "program/operator_concern.h"

namespace maas {
namespace {

c10::OperatorHandle operator_named(const std::string& full_name) {
  const size_t dot = full_name.find('.');
  const bool is_default = dot == full_name.npos;
  return c10::Dispatcher::singleton().findSchemaOrThrow(
      full_name.substr(0, dot).c_str(), is_default ? "" : full_name.substr(dot + 1).c_str());
}

// Every overload of every operator of ATen's that has facts.
void for_each_overload(
    const std::function<void(const OperatorFacts&, const c10::OperatorHandle&)>& visit) {
  for (const OperatorFacts& facts : operator_facts()) {
    for (const std::string& name : pure_overloads(facts.op)) visit(facts, operator_named(name));
  }
}

TEST(OperatorFacts, AreThereForAllowedOperatorsAlone) {
  ASSERT_NE(facts_of("aten::relu"), nullptr);
  EXPECT_EQ(facts_of("aten::relu")->op, "aten::relu");
  EXPECT_EQ(facts_of("aten::relu")->group, "activations");
  EXPECT_NE(facts_of("_operator::add"), nullptr);
  for (const char* op : {"aten::relu_", "aten::from_file", "relu", "", "zzz"}) {
    EXPECT_EQ(facts_of(op), nullptr) << op;
  }
}

TEST(OperatorFacts, CallViewsWhatLibtorchSaysMayShareMemory) {
  for_each_overload([](const OperatorFacts& facts, const c10::OperatorHandle& handle) {
    const auto& results = handle.schema().returns();
    const bool aliases = !results.empty() && results[0].alias_info() != nullptr;
    EXPECT_TRUE(facts.view || !aliases) << toString(handle.operator_name());
    EXPECT_TRUE(facts.view || !facts.always_view) << facts.op;
  });
}

TEST(OperatorFacts, CallRandomWhatLibtorchSaysDraws) {
  for_each_overload([](const OperatorFacts& facts, const c10::OperatorHandle& handle) {
    const bool draws = handle.hasTag(at::Tag::nondeterministic_seeded);
    EXPECT_TRUE(facts.random || !draws) << toString(handle.operator_name());
  });
}

// Its tag is on equal, which gives one flag, and on the pairwise max, which has reductions as
// namesakes; a clone keeps its elements, which says more.
TEST(OperatorFacts, CallPointwiseWhatLibtorchDoes) {
  for_each_overload([](const OperatorFacts& facts, const c10::OperatorHandle& handle) {
    for (const char* op : {"aten::equal", "aten::max", "aten::min", "aten::clone"}) {
      if (facts.op == op) return;
    }
    const bool pointwise = handle.hasTag(at::Tag::pointwise);
    EXPECT_TRUE(facts.pointwise || !pointwise) << toString(handle.operator_name());
  });
}

TEST(OperatorFacts, NameAFlagOfTrainingThatTheOperatorTakes) {
  for_each_overload([](const OperatorFacts& facts, const c10::OperatorHandle& handle) {
    for (const c10::Argument& argument : handle.schema().arguments()) {
      const bool is_flag = argument.name() == "train" || argument.name() == "training";
      EXPECT_TRUE(!is_flag || facts.training_flag == argument.name())
          << toString(handle.operator_name());
    }
  });
  for (const OperatorFacts& facts : operator_facts()) {
    bool takes = facts.training_flag.empty();
    for (const std::string& name : pure_overloads(facts.op)) {
      takes = takes || operator_named(name).schema().argumentIndexWithName(facts.training_flag);
    }
    EXPECT_TRUE(takes) << facts.op;
  }
}

TEST(OperatorFacts, OfWhatDropsOutOrCountsSayThatModesDiffer) {
  for (const char* op : {"aten::dropout", "aten::batch_norm", "aten::lstm", "aten::rand",
                         "aten::scaled_dot_product_attention"}) {
    EXPECT_TRUE(facts_of(op)->is_mode_dependent()) << op;
  }
  for (const char* op : {"aten::_native_batch_norm_legit_no_training", "aten::relu"}) {
    EXPECT_FALSE(facts_of(op)->is_mode_dependent()) << op;
  }
}

TEST(OperatorConcern, SaysWhatPassesMayRelyOn) {
  EXPECT_EQ(facts_concern().mark("aten::reshape"), "maybe-view same-elements");
  EXPECT_EQ(facts_concern().mark("aten::lt"), "pointwise comparison");
  EXPECT_EQ(facts_concern().mark("aten::conv2d"), "");
  EXPECT_EQ(mode_concern().mark("aten::instance_norm"), "use_input_stats");
  EXPECT_EQ(mode_concern().mark("aten::randn"), "random");
  EXPECT_EQ(in_place_concern().mark("aten::relu"), "relu_");
  EXPECT_EQ(in_place_concern().mark("aten::__and__"), "__iand__");
  EXPECT_EQ(in_place_concern().mark("aten::conv2d"), "");
}

TEST(OperatorConcern, NamesOverloadsWithoutTheirOperator) {
  EXPECT_EQ(overloads_of("aten::sum", {"aten::sum", "aten::sum.dim_IntList", "aten::sum_to_size"}),
            "default dim_IntList");
  EXPECT_THAT(pure_overloads("aten::sum"), testing::Contains("aten::sum.dim_IntList"));
  EXPECT_THAT(pure_overloads("aten::sum"), testing::Not(testing::Contains("aten::sum.out")));
  EXPECT_TRUE(pure_overloads("_operator::add").empty());
}

}  // namespace
}  // namespace maas
