#include "call/index_limits.h"

#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "call/builder.h"
#include "call/call.h"

namespace maas {
namespace {

using testing::IsEmpty;

class IndexLimits : public testing::Test {
 protected:
  Handle ids(const std::string& name = "ids", at::ScalarType dtype = at::kLong) {
    return g_.input(name, {3}, dtype);
  }
  Handle call(const std::string& op, const std::vector<GraphBuilder::Operand>& operands) {
    return g_.call(op, operands);
  }
  static GraphBuilder::Operand tensor(const std::string& name, Handle x) {
    return {name, ValueRef{x.id}};
  }
  Handle select(Handle x, int64_t dim, int64_t index) {
    return call("aten::select.int", {tensor("self", x), {"dim", dim}, {"index", index}});
  }
  std::vector<IndexLimit> limits(Handle result) {
    return index_limits(g_.finish({{"y", result}}))[0];
  }
  static void expect_limit(const std::vector<IndexLimit>& found, int64_t lowest, int64_t highest,
                           const std::string& table) {
    ASSERT_EQ(found.size(), 1);
    EXPECT_EQ(found[0].lowest, lowest);
    EXPECT_EQ(found[0].highest, highest);
    EXPECT_EQ(found[0].table, table);
    EXPECT_EQ(found[0].dim, -1);
  }

  GraphBuilder g_{"test", 1};
};

TEST_F(IndexLimits, AnEmbeddingHasRows) {
  expect_limit(limits(g_.embedding("wte", ids(), 50, 4)), 0, 49, "wte.weight");
}

TEST_F(IndexLimits, AreFoundThroughViewsAndCasts) {
  Handle x = ids("ids", at::kInt);
  x = call("aten::to.dtype", {tensor("self", x), {"dtype", at::kLong}});
  x = call("aten::unsqueeze", {tensor("self", x), {"dim", int64_t{0}}});
  x = call("aten::clone", {tensor("self", x)});
  expect_limit(limits(g_.embedding("wte", x, 50, 4)), 0, 49, "wte.weight");
}

// As a table's numbers are, which a network looks up as they stand.
TEST_F(IndexLimits, OfFloatsAreThoseOfWhatACastLeaves) {
  const Handle x =
      call("aten::to.dtype", {tensor("self", ids("numeric", at::kFloat)), {"dtype", at::kLong}});
  expect_limit(limits(g_.embedding("wte", x, 50, 4)), 0, 49, "wte.weight");
}

TEST_F(IndexLimits, AreNotKnownForWhatIsComputed) {
  Handle x = call("aten::add.Scalar", {tensor("self", ids()), {"other", int64_t{2}}});
  EXPECT_THAT(limits(g_.embedding("wte", x, 50, 4)), IsEmpty());
}

TEST_F(IndexLimits, AreNotKnownWhereNothingIsIndexed) {
  EXPECT_THAT(limits(call("aten::add.Scalar", {tensor("self", ids()), {"other", int64_t{2}}})),
              IsEmpty());
}

TEST_F(IndexLimits, ATableOfUnknownSizeHasNone) {
  const Handle x = ids();
  const Handle table = call("aten::relu", {tensor("self", g_.input("table", {4}, at::kFloat))});
  EXPECT_THAT(limits(call("aten::embedding", {tensor("weight", table), tensor("indices", x)})),
              IsEmpty());
}

TEST_F(IndexLimits, TheDimensionOfGatherCounts) {
  const Handle x = ids();
  const Handle table = g_.input("table", {7}, at::kFloat);
  expect_limit(limits(call("aten::gather",
                           {tensor("self", table), {"dim", int64_t{-1}}, tensor("index", x)})),
               0, 6, "table");
}

TEST_F(IndexLimits, PlainIndexingCountsFromTheEndToo) {
  const Handle x = ids();
  const Handle table = g_.parameter("table", at::zeros({9, 2}));
  expect_limit(limits(call("aten::index.Tensor",
                           {tensor("self", table), {"indices", ValueList{{x.id}, true}}})),
               -9, 8, "table");
}

TEST_F(IndexLimits, BesideAMaskPlainIndexingHasNone) {
  const Handle x = ids();
  const Handle mask = g_.parameter("mask", at::zeros({9, 2}, at::kByte));
  const Handle table = g_.parameter("table", at::zeros({9, 2, 4}));
  Program program = g_.finish({{"y", x}});
  Node node;
  node.op = "aten::index";
  node.overload = "Tensor";
  node.arguments = {{"self", ValueRef{table.id}}, {"indices", ValueList{{mask.id, x.id}, true}}};
  program.nodes.push_back(node);
  EXPECT_THAT(index_limits(program)[0], IsEmpty());
}

TEST_F(IndexLimits, ClassesOfOneHotCount) {
  expect_limit(limits(call("aten::one_hot", {tensor("self", ids()), {"num_classes", int64_t{5}}})),
               0, 4, "one_hot");
}

TEST_F(IndexLimits, EveryUseHasItsOwn) {
  const Handle x = ids();
  const Handle first = g_.embedding("a", x, 50, 4), second = g_.embedding("b", x, 20, 4);
  const auto found = limits(g_.add(first, second));
  ASSERT_EQ(found.size(), 2);
  EXPECT_EQ(found[0].highest, 49);
  EXPECT_EQ(found[1].highest, 19);
}

TEST_F(IndexLimits, AColumnHasTheLimitsOfItsColumn) {
  const Handle x = ids();
  const Handle first = g_.embedding("a", select(x, 1, 0), 50, 4);
  const Handle last = g_.embedding("b", select(x, -1, -1), 20, 4);
  const auto found = limits(g_.add(first, last));
  ASSERT_EQ(found.size(), 2);
  EXPECT_EQ(found[0].highest, 49);
  EXPECT_EQ(found[0].dim, 1);
  EXPECT_EQ(found[0].begin, 0);
  EXPECT_EQ(found[0].end, 1);
  EXPECT_EQ(found[1].highest, 19);
  EXPECT_EQ(found[1].dim, 1);
  EXPECT_EQ(found[1].begin, 2);
  EXPECT_EQ(found[1].end, 3);
}

TEST_F(IndexLimits, ASliceHasTheLimitsOfItsPlaces) {
  const Handle part =
      call("aten::slice.Tensor",
           {tensor("self", ids()), {"dim", int64_t{1}}, {"start", int64_t{1}}, {"end", INT64_MAX}});
  const auto found = limits(g_.embedding("a", part, 50, 4));
  ASSERT_EQ(found.size(), 1);
  EXPECT_EQ(found[0].dim, 1);
  EXPECT_EQ(found[0].begin, 1);
  EXPECT_EQ(found[0].end, INT64_MAX);
}

TEST_F(IndexLimits, ASliceOfAReshapedInputIsNotFollowed) {
  const Handle transposed = call(
      "aten::transpose.int", {tensor("self", ids()), {"dim0", int64_t{0}}, {"dim1", int64_t{1}}});
  EXPECT_THAT(limits(g_.embedding("a", select(transposed, 0, 0), 50, 4)), IsEmpty());
}

// Runs `op` with index [9, 9, 9] on a table [4, 3] of zeros.
void run_with_nine(const std::string& op, const std::vector<GraphBuilder::Operand>& more,
                   const char* table_name, const char* index_name) {
  GraphBuilder g("test", 1);
  const Handle index = g.input("ids", {3}, at::kLong);
  const Handle flat =
      g.call("aten::select.int",
             {{"self", ValueRef{index.id}}, {"dim", int64_t{0}}, {"index", int64_t{0}}});
  const Handle table = g.parameter("table", at::zeros({4, 3}));
  std::vector<GraphBuilder::Operand> operands;
  if (*table_name != '\0') operands.push_back({table_name, ValueRef{table.id}});
  operands.push_back({index_name, ValueRef{(op == "aten::gather" ? index : flat).id}});
  operands.insert(operands.end(), more.begin(), more.end());
  const Program program = g.finish({{"y", g.call(op, operands)}});
  Slots slots(program.values.size());
  slots[index.id] = at::full({4, 3}, 9, at::kLong);
  slots[table.id] = at::zeros({4, 3});
  for (size_t i = 0; i < program.nodes.size(); ++i) {
    Call(program, program.nodes[i], static_cast<int64_t>(i)).run(slots);
  }
}

TEST(IndexErrors, AreWhatAnOperatorThatIndexesFailsWithWhateverLibtorchCallsIt) {
  const GraphBuilder::Operand dim{"dim", int64_t{0}};
  EXPECT_THROW(run_with_nine("aten::embedding", {}, "weight", "indices"), c10::IndexError);
  EXPECT_THROW(run_with_nine("aten::index_select", {dim}, "self", "index"), c10::IndexError);
  EXPECT_THROW(run_with_nine("aten::gather", {dim}, "self", "index"), c10::IndexError);
  EXPECT_THROW(run_with_nine("aten::one_hot", {{"num_classes", int64_t{5}}}, "", "self"),
               c10::IndexError);
  EXPECT_THROW(run_with_nine("aten::index_fill.int_Scalar", {dim, {"value", 1.0}}, "self", "index"),
               c10::IndexError);
}

}  // namespace
}  // namespace maas
