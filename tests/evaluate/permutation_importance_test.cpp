#include "evaluate/permutation_importance.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>

#include <cmath>

#include "call/builder.h"
#include "data/tensor_dataset.h"
#include "tensor/random.h"

namespace maas {
namespace {

using testing::HasSubstr;

ColumnSpec column(const std::string& name) { return {.name = name, .categories = {}}; }

// Numbers a, b, unused; a date of two parts; a category of which the network takes the index.
InputSpec table() {
  InputSpec input;
  input.kind = InputKind::kTable;
  input.columns = {column("a"), column("colour"), column("unused"), column("when"), column("b")};
  input.columns[1].type = ColumnType::kCategorical;
  input.columns[1].categories = {"red", "green"};
  input.columns[3].date = DateOrder::kYearFirst;
  input.columns[3].date_parts = {{"year", 0, 1}, {"day", 0, 1}};
  return input;
}

TaskSpec one_number() { return {TaskKind::kRegression, {"y"}}; }

// y = 3 a + b + year - day + 2 * colour; numeric is a, unused, year, day, b.
Program known_network() {
  GraphBuilder g("known", 1);
  const Handle numbers = g.input("numeric", {5}, at::kFloat);
  const Handle colour = g.input("categorical", {1}, at::kLong);
  const Handle weights =
      g.buffer("weights", at::tensor({3.F, 0.F, 1.F, -1.F, 1.F}, at::kFloat).view({5, 1}));
  const Handle two = g.buffer("two", at::tensor({2.F}, at::kFloat));
  const Handle sum =
      g.call("aten::mm", {{"self", ValueRef{numbers.id}}, {"mat2", ValueRef{weights.id}}});
  const Handle wide =
      g.call("aten::mul.Tensor", {{"self", ValueRef{colour.id}}, {"other", ValueRef{two.id}}});
  return g.finish({{"y", g.add(sum, wide)}});
}

std::shared_ptr<const Dataset> rows_of(int64_t rows) {
  const at::Tensor numbers =
      at::randn({rows, 5}, make_generator(4), at::TensorOptions().dtype(at::kFloat));
  const at::Tensor colours = at::arange(rows, at::kLong).remainder(3).unsqueeze(1);
  const at::Tensor weights = at::tensor({3.F, 0.F, 1.F, -1.F, 1.F}, at::kFloat).view({5, 1});
  const at::Tensor y = numbers.mm(weights) + 2 * colours;
  return tensor_dataset({.inputs = {numbers, colours},
                         .targets = y,
                         .spec = {table(), one_number()},
                         .name_of = [](int64_t) { return std::string(); }});
}

double of(const Importance& found, const std::string& name) {
  for (const ColumnImportance& one : found.columns) {
    if (one.column == name) return one.mean;
  }
  ADD_FAILURE() << name;
  return 0;
}

TEST(PermutationImportance, IsWhatShufflingAColumnCosts) {
  const auto rows = rows_of(4000);
  const Importance found = permutation_importance(
      known_network(), *rows, one_number(), {.metric = "mae", .repeats = 4, .most_rows = 4000});
  ASSERT_EQ(found.columns.size(), 5U);
  EXPECT_EQ(found.rows, 4000);
  EXPECT_EQ(found.note, "");
  EXPECT_NEAR(found.value, 0, 1e-5);
  // The error is w (x - x'), normal with deviation w sqrt(2), of which the mean size is
  // 2 w / sqrt(pi) = 1.128 w; both parts of the date move together.
  EXPECT_NEAR(of(found, "a"), 3 * 1.128, 0.1);
  EXPECT_NEAR(of(found, "b"), 1.128, 0.05);
  EXPECT_NEAR(of(found, "when"), 1.128 * std::sqrt(2), 0.05);
  EXPECT_NEAR(of(found, "colour"), 2 * 8. / 9, 0.05);  // of 0, 1, 2: mean size 8 / 9
  EXPECT_EQ(of(found, "unused"), 0);
  EXPECT_EQ(found.columns.front().column, "a");
  EXPECT_EQ(found.columns.back().column, "unused");
  EXPECT_EQ(found.columns.back().deviation, 0);
  EXPECT_GT(found.columns.front().deviation, 0);
}

TEST(PermutationImportance, IsADropAlsoWhereMoreIsBetter) {
  const auto rows = rows_of(500);
  const Importance found =
      permutation_importance(known_network(), *rows, one_number(), {.metric = "r2"});
  EXPECT_NEAR(found.value, 1, 1e-6);
  // r2 = 1 - E[(w (x - x'))^2] / var(y); var(y) = 9 + 1 + 1 + 1 + 4 * 2 / 3.
  EXPECT_NEAR(of(found, "a"), 2 * 9 / (12 + 8. / 3), 0.15);
  EXPECT_EQ(of(found, "unused"), 0);
}

TEST(PermutationImportance, DependsOnTheSeedAlone) {
  const auto rows = rows_of(300);
  const auto measured = [&](uint64_t seed) {
    return of(permutation_importance(known_network(), *rows, one_number(),
                                     {.metric = "rmse", .seed = seed}),
              "a");
  };
  EXPECT_EQ(measured(1), measured(1));
  EXPECT_NE(measured(1), measured(2));
}

TEST(PermutationImportance, StaysWithinItsBoundsAndSaysSo) {
  const auto rows = rows_of(1000);
  ImportanceOptions options{.metric = "rmse", .most_rows = 400};
  Importance found = permutation_importance(known_network(), *rows, one_number(), options);
  EXPECT_EQ(found.rows, 400);
  EXPECT_EQ(found.repeats, 5);
  EXPECT_EQ(found.note, "measured on a sample of 400 of 1000 rows");
  options.most_answers = 5 * 5 * 250;  // columns x repeats x rows
  found = permutation_importance(known_network(), *rows, one_number(), options);
  EXPECT_EQ(found.rows, 250);
  options.most_answers = 5 * 2 * 200;
  found = permutation_importance(known_network(), *rows, one_number(), options);
  EXPECT_EQ(found.rows, 200);
  EXPECT_EQ(found.repeats, 2);
  options.most_answers = 100;
  found = permutation_importance(known_network(), *rows, one_number(), options);
  EXPECT_TRUE(found.columns.empty());
  EXPECT_THAT(found.note, HasSubstr("not measured: 5 columns"));
}

}  // namespace
}  // namespace maas
