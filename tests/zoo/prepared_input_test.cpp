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
