#include "zoo/prepared_input.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>

#include "call/builder.h"
#include "support/evaluate_program.h"

namespace maas {
namespace {

DataSpec image_spec() {
  DataSpec spec;
  spec.input.channels = 1;
  spec.input.height = spec.input.width = 2;
  spec.input.mean = {0.25};
  spec.input.std_dev = {0.5};
  return spec;
}

DataSpec table_spec() {
  DataSpec spec;
  spec.input.kind = InputKind::kTable;
  spec.input.columns = {{.name = "a", .mean = 10, .std_dev = 4, .categories = {}}};
  return spec;
}

at::Tensor prepared(const DataSpec& spec, Normalize normalize, const at::Tensor& raw) {
  GraphBuilder g("test", 1);
  const Handle x = prepared_input(g, spec, {.normalize = normalize});
  return evaluate(g.finish({{"x", x}}), {raw}).at(0);
}

const at::Tensor kPixels = at::tensor({0, 51, 102, 255}, at::kByte).view({1, 1, 2, 2});

TEST(PreparedInput, LeavesPixelsAsTheyAreForNone) {
  const at::Tensor x = prepared(image_spec(), Normalize::kNone, kPixels);
  EXPECT_TRUE(at::equal(x, kPixels.to(at::kFloat))) << x;
}

TEST(PreparedInput, DividesPixelsBy255ForUnit) {
  const at::Tensor x = prepared(image_spec(), Normalize::kUnit, kPixels);
  EXPECT_TRUE(at::equal(x, kPixels.to(at::kFloat).div(255))) << x;
}

TEST(PreparedInput, StandardisesPixelsByChannel) {
  const at::Tensor x = prepared(image_spec(), Normalize::kStandardize, kPixels);
  EXPECT_TRUE(at::allclose(x, kPixels.to(at::kFloat).div(255).sub(0.25).div(0.5))) << x;
}

// In units of columns with mean 10 and deviation 4.
at::Tensor with_bins(const DataSpec& spec, const std::vector<NumericBin>& bins, Normalize normalize,
                     const at::Tensor& raw) {
  GraphBuilder g("test", 1);
  const Handle x = prepared_input(g, spec, {.normalize = normalize, .bins = bins});
  return evaluate(g.finish({{"x", x}}), {raw}).at(0);
}

TEST(PreparedInput, SaysHowFarANumberIsThroughItsBins) {
  DataSpec spec = table_spec();
  spec.input.columns.push_back({.name = "b", .mean = 0, .std_dev = 2, .categories = {}});
  const std::vector<NumericBin> bins = {{0, 6, 10}, {0, 10, 18}, {1, -2, 2}};
  const at::Tensor rows = at::tensor({4.0, -1.0, 14.0, 0.0, 30.0, 9.0}, at::kFloat).view({3, 2});
  const at::Tensor far =
      at::tensor({0.0, 0.0, 0.25, 1.0, 0.5, 0.5, 1.0, 1.0, 1.0}, at::kFloat).view({3, 3});
  for (const Normalize normalize : {Normalize::kStandardize, Normalize::kNone}) {
    const at::Tensor x = with_bins(spec, bins, normalize, rows);
    ASSERT_EQ(x.sizes(), at::IntArrayRef({3, 5}));
    EXPECT_TRUE(at::allclose(x.slice(1, 0, 2), prepared(spec, normalize, rows)));
    EXPECT_TRUE(at::allclose(x.slice(1, 2), far)) << x;
  }
}

TEST(PreparedInput, StandardisesFloat64BeforeItIsFloat32) {
  DataSpec spec = table_spec();
  spec.input.float64 = true;
  spec.input.columns[0].mean = 1.7e12;
  const at::Tensor rows = at::tensor({1.7e12 + 2, 1.7e12 - 4}, at::kDouble).view({2, 1});
  const at::Tensor wanted = at::tensor({0.5, -1.0}, at::kFloat).view({2, 1});
  EXPECT_TRUE(at::equal(prepared(spec, Normalize::kStandardize, rows), wanted));
}

TEST(PreparedInput, StandardisesNumbersOrLeavesThemAsTheyAre) {
  const at::Tensor rows = at::tensor({10.0, 18.0}, at::kFloat).view({2, 1});
  EXPECT_TRUE(at::equal(prepared(table_spec(), Normalize::kNone, rows), rows));
  EXPECT_TRUE(
      at::equal(prepared(table_spec(), Normalize::kStandardize, rows), rows.sub(10).div(4)));
}

TEST(PreparedInput, TakesTheNamesOfTheConfig) {
  EXPECT_EQ(normalize_of("none"), Normalize::kNone);
  EXPECT_EQ(normalize_of("unit"), Normalize::kUnit);
  EXPECT_EQ(normalize_of("standardize"), Normalize::kStandardize);
}

}  // namespace
}  // namespace maas
