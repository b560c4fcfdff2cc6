#include "zoo/numeric_bins.h"

#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "data/tensor_dataset.h"

namespace maas {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::shared_ptr<const Dataset> table_of(const at::Tensor& numbers) {
  DataSpec spec;
  spec.input.kind = InputKind::kTable;
  for (int64_t c = 0; c < numbers.size(1); ++c) {
    spec.input.columns.push_back({.name = std::to_string(c), .categories = {}});
  }
  return tensor_dataset({.inputs = {numbers},
                         .targets = at::zeros({numbers.size(0)}, at::kLong),
                         .spec = spec,
                         .name_of = [](int64_t i) { return std::to_string(i); }});
}

// numpy.quantile([1, 2, 4, 8, 16], [0, 0.25, 0.5, 0.75, 1]) and by thirds
TEST(NumericBins, AreCutAtQuantiles) {
  const at::Tensor numbers = at::tensor({8.0, 1.0, 16.0, 4.0, 2.0}, at::kFloat).view({5, 1});
  EXPECT_THAT(learn_numeric_bins(*table_of(numbers), 4),
              ElementsAre(NumericBin{0, 1, 2}, NumericBin{0, 2, 4}, NumericBin{0, 4, 8},
                          NumericBin{0, 8, 16}));
  const std::vector<NumericBin> thirds = learn_numeric_bins(*table_of(numbers), 3);
  ASSERT_THAT(thirds, SizeIs(3));
  EXPECT_NEAR(thirds[0].end, 8.0 / 3, 1e-12);
  EXPECT_NEAR(thirds[1].end, 20.0 / 3, 1e-12);
}

TEST(NumericBins, AreFewerWhereQuantilesAreEqual) {
  const at::Tensor numbers =
      at::tensor({0., 0., 0., 1., 0., 2., 1., 3., 0., 9., 1., 9.}, at::kDouble).view({6, 2});
  EXPECT_THAT(learn_numeric_bins(*table_of(numbers), 5),
              ElementsAre(NumericBin{1, 0, 1}, NumericBin{1, 1, 2}, NumericBin{1, 2, 3},
                          NumericBin{1, 3, 9}))
      << "a column of 0 and 1 has none";
}

TEST(NumericBins, LeaveOutWhatIsNotFinite) {
  const double inf = std::numeric_limits<double>::infinity();
  const at::Tensor numbers =
      at::tensor({0., inf, 2., -inf, std::nan(""), 4.}, at::kDouble).view({6, 1});
  EXPECT_THAT(learn_numeric_bins(*table_of(numbers), 2),
              ElementsAre(NumericBin{0, 0, 2}, NumericBin{0, 2, 4}));
}

TEST(NumericBins, AreNoneWhereNoneAreWanted) {
  EXPECT_THAT(learn_numeric_bins(*table_of(at::zeros({4, 2})), 0), IsEmpty());
  EXPECT_THAT(learn_numeric_bins(*table_of(at::zeros({4, 2})), 16), IsEmpty());
}

}  // namespace
}  // namespace maas
