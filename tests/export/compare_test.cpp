#include "export/compare.h"

#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>

#include <limits>

#include "support/scratch.h"

namespace maas {
namespace {

using testing::HasSubstr;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Forward always(const at::Tensor& output) {
  return [output](const std::vector<at::Tensor>&) { return std::vector<at::Tensor>{output}; };
}

at::Tensor rows(const std::vector<double>& numbers, int64_t width) {
  return at::tensor(numbers, at::kDouble).reshape({-1, width});
}

Agreement between(const std::vector<double>& a, const std::vector<double>& b, int64_t width = 2) {
  return compare(always(rows(a, width)), always(rows(b, width)), {{}});
}

TEST(Agreement, IsRelativeToTheLargestValueOfTheOutput) {
  const Agreement agreement = between({1, 2, 4, -8}, {1, 2.5, 4, -8});
  EXPECT_EQ(agreement.samples, 2);
  EXPECT_DOUBLE_EQ(agreement.max_abs, 0.5);
  EXPECT_DOUBLE_EQ(agreement.max_relative, 0.5 / 8);
  EXPECT_EQ(agreement.top1, 1.0);
}

TEST(Agreement, CountsTheRowsWhoseLargestElementIsTheSame) {
  EXPECT_EQ(between({0, 1, 0, 1, 0, 1, 0, 1}, {1, 0, 0, 1, 0, 1, 0, 1}).top1, 0.75);
  EXPECT_EQ(between({1, 2}, {1, 2}, 1).top1, std::nullopt);
}

TEST(Agreement, CoversEveryBatchAndEveryOutput) {
  int64_t calls = 0;
  const Forward drifting = [&](const std::vector<at::Tensor>&) {
    return std::vector<at::Tensor>{rows({1, 2}, 2), rows({100, ++calls == 2 ? 101.0 : 100}, 2)};
  };
  const Forward still = [](const std::vector<at::Tensor>&) {
    return std::vector<at::Tensor>{rows({1, 2}, 2), rows({100, 100}, 2)};
  };
  int64_t told = 0;
  const Agreement agreement = compare(still, drifting, {{}, {}, {}}, [&] { ++told; });
  EXPECT_EQ(agreement.samples, 3);
  EXPECT_EQ(told, 3);
  EXPECT_DOUBLE_EQ(agreement.max_abs, 1);
  EXPECT_DOUBLE_EQ(agreement.max_relative, 0.01);
}

TEST(Agreement, TakesNanForNanAndInfinityForTheSameInfinity) {
  EXPECT_EQ(between({kNan, kInfinity}, {kNan, kInfinity}).max_abs, 0);
  EXPECT_EQ(between({kNan, 1}, {0, 1}).max_relative, kInfinity);
  EXPECT_EQ(between({kInfinity, 1}, {-kInfinity, 1}).max_relative, kInfinity);
  EXPECT_EQ(between({kInfinity, 1}, {1, 1}).max_abs, kInfinity);
}

TEST(Agreement, IsNoneWhereAnOutputOfZerosBecomesAnything) {
  EXPECT_EQ(between({0, 0}, {0, 0}).max_relative, 0);
  EXPECT_EQ(between({0, 0}, {0, 1e-30}).max_relative, kInfinity);
}

TEST(Agreement, OfOtherShapesIsAnErrorThatNamesBoth) {
  EXPECT_THAT(error_of(
                  [] {
                    between({1, 2}, {1, 2, 3, 4});
                  },
                  ErrorKind::kRequirement),
              testing::AllOf(HasSubstr("output 0"), HasSubstr("[2, 2]"), HasSubstr("[1, 2]")));
  const Forward none = [](const std::vector<at::Tensor>&) { return std::vector<at::Tensor>(); };
  EXPECT_THAT(error_of([&] { compare(always(rows({1}, 1)), none, {{}}); }, ErrorKind::kRequirement),
              HasSubstr("0 tensors"));
}

}  // namespace
}  // namespace maas
