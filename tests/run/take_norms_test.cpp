#include "run/take_norms.h"

#include <gtest/gtest.h>

#include <limits>

#include "run/kernel_times.h"
#include "run/lower_case.h"
#include "run/prepack_convolution.h"

namespace maas {
namespace {

Program taken(Program program) {
  static KernelTimes times("packed");
  return take_norms(prepack_convolution(std::move(program), {1, 1, &times}));
}

// A layer of DenseNet on what is read elsewhere, too; norms with statistics that matter.
Program dense(bool active, int64_t kernel, bool read_twice) {
  GraphBuilder g("net", 3);
  const Handle x = g.input("x", {5, 7, 7}, at::kFloat);
  Handle h = g.batch_norm("bn", x);
  if (active) h = g.relu(h);
  const Handle y = g.flatten(g.conv2d("conv", h, 5, kernel, {.padding = kernel / 2}));
  Program program = g.finish({{"y", read_twice ? g.add(y, g.flatten(h)) : y}});
  for (auto& [name, tensor] : program.buffers) {
    if (tensor.is_floating_point()) tensor = at::rand(tensor.sizes()) + 0.5;
  }
  return with_mode(program, Mode::kEval);
}

TEST(TakeNorms, MovesANormAndItsReluIntoTheConvolutionBehindThem) {
  if (!has_packed_convolutions()) GTEST_SKIP() << "this libtorch packs no convolutions";
  for (const bool active : {true, false}) {
    const Program before = dense(active, 1, false), after = taken(before);
    EXPECT_EQ(count(after, "aten::batch_norm") + count(after, "aten::relu"), 0);
    for (const int64_t batch : {1, 8}) EXPECT_LT(difference(before, after, batch), 1e-5);
  }
}

TEST(TakeNorms, LeavesNormsOfWiderConvolutionsAndOfSeveralReaders) {
  for (const Program& before : {dense(true, 3, false), dense(true, 1, true)}) {
    const Program after = taken(before);
    EXPECT_EQ(count(after, "aten::batch_norm"), 1);
    EXPECT_LT(difference(before, after, 2), 1e-5);
  }
}

TEST(TakeNorms, ALargeMeanCostsNoDigits) {
  Program before = dense(true, 1, false);
  for (auto& [name, tensor] : before.buffers) {
    if (name.ends_with("running_mean")) tensor = at::rand(tensor.sizes()) + 300.0;
    if (name.ends_with("running_var")) tensor = at::rand(tensor.sizes()) * 1e-4;
  }
  EXPECT_LT(difference(before, taken(before), 4), 1e-5);
}

TEST(TakeNorms, LeavesStatisticsThatAreNoNumbers) {
  if (!has_packed_convolutions()) GTEST_SKIP() << "this libtorch packs no convolutions";
  Program before = dense(true, 1, false);
  for (auto& [name, tensor] : before.buffers) {
    if (name.ends_with("running_var")) tensor[0] = std::numeric_limits<float>::infinity();
  }
  const Program after = taken(before);
  EXPECT_EQ(count(after, "aten::batch_norm"), 0);  // its scale is 0, as 1 / sqrt of infinity
  EXPECT_LT(difference(before, after, 2), 1e-5);
  for (auto& [name, tensor] : before.buffers) {
    if (name.ends_with("running_mean")) tensor[0] = std::numeric_limits<float>::quiet_NaN();
  }
  EXPECT_EQ(count(taken(before), "aten::batch_norm"), 1);
}

}  // namespace
}  // namespace maas
