#include "transform/quantize/observer.h"

#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/error.h"

namespace maas {
namespace {

const std::vector<std::vector<double>> kBatches = {
    {-1.0, 0.5, 2.0}, {-3.0, 0.25, 1.0}, {0.1, 5.0, 0.2}};

SeenRange seen_by(const std::string& name) {
  const auto observer = observer_named(name)();
  for (const auto& batch : kBatches) observer->see(at::tensor(batch, at::kFloat));
  return observer->range();
}

// Numbers of torch.ao.quantization 2.13: MinMaxObserver and MovingAverageMinMaxObserver, quint8.
TEST(Observer, SeesTheRangesThatPyTorchSees) {
  EXPECT_EQ(seen_by("minmax"), (SeenRange{-3, 5}));
  const SeenRange moving = seen_by("moving");
  EXPECT_NEAR(moving.low, -1.00880003, 1e-6);
  EXPECT_NEAR(moving.high, 2.02010012, 1e-6);
}

TEST(Observer, MakesTheScalesThatPyTorchMakes) {
  struct Case {
    SeenRange range;
    double scale;
    int64_t zero_point;
  };
  const std::vector<Case> cases = {
      {{-3, 5}, 0.0313725509, 96},    {{-1.00880003, 2.02010012}, 0.0118780397, 85},
      {{0, 6}, 0.0235294122, 0},      {{0.5, 3}, 0.0117647061, 0},
      {{-2, -1}, 0.00784313772, 255}, {{-0.42421296, 2.8214867}, 0.0127282338, 33},
      {{0, 0}, 1.1920929e-07, 0},
  };
  for (const Case& c : cases) {
    const AffineScale made = affine_scale(c.range);
    EXPECT_NEAR(made.scale, c.scale, 1e-8 * c.scale + 1e-11) << c.range.low;
    EXPECT_EQ(made.zero_point, c.zero_point) << c.range.low;
  }
}

TEST(Observer, ZeroIsExactWhateverTheRange) {
  for (const SeenRange range : {SeenRange{0.5, 3}, SeenRange{-2, -1}, SeenRange{-0.37, 1.9}}) {
    const AffineScale made = affine_scale(range);
    EXPECT_GE(made.zero_point, 0);
    EXPECT_LE(made.zero_point, 255);
    EXPECT_EQ((static_cast<double>(made.zero_point) - made.zero_point) * made.scale, 0);
  }
}

TEST(Observer, RefusesWhatIsNotFinite) {
  for (const std::string& name : observer_names()) {
    const auto observer = observer_named(name)();
    EXPECT_THROW(observer->see(at::tensor({1.0, std::numeric_limits<double>::quiet_NaN()})), Error);
    EXPECT_THROW(observer->see(at::tensor({1.0, std::numeric_limits<double>::infinity()})), Error);
  }
}

}  // namespace
}  // namespace maas
