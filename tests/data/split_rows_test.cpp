#include "data/split_rows.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>

#include "support/scratch.h"

namespace maas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<int64_t> numbers(const at::Tensor& rows) {
  if (!rows.defined()) return {};
  const auto* first = rows.const_data_ptr<int64_t>();
  return {first, first + rows.numel()};
}

// How many rows of each class a part has.
std::vector<int64_t> counts(const at::Tensor& rows, const std::vector<int64_t>& classes) {
  std::vector<int64_t> found(10);
  for (const int64_t row : numbers(rows)) ++found[classes[row]];
  while (!found.empty() && found.back() == 0) found.pop_back();
  return found;
}

std::vector<int64_t> repeated(const std::vector<int64_t>& sizes) {
  std::vector<int64_t> classes;
  for (size_t c = 0; c < sizes.size(); ++c) {
    classes.insert(classes.end(), sizes[c], static_cast<int64_t>(c));
  }
  return classes;
}

struct SplitRowsTest : testing::Test {
  SplitRows split(const RowMarks& marks, int64_t size, uint64_t seed = 1) {
    return split_rows(config, marks, size, seed, warnings);
  }
  SplitRows by_class(const std::vector<int64_t>& classes, uint64_t seed = 1) {
    return split({.classes = at::tensor(classes)}, static_cast<int64_t>(classes.size()), seed);
  }
  DataConfig config;
  std::vector<std::string> warnings;
};

TEST_F(SplitRowsTest, GivesEveryClassItsShare) {
  config.test_fraction = 0.2;
  config.validation = 0.1;
  const auto classes = repeated({50, 30, 20});
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const SplitRows rows = by_class(classes, seed);
    EXPECT_THAT(counts(rows.test, classes), ElementsAre(10, 6, 4));
    EXPECT_THAT(counts(rows.validation, classes), ElementsAre(5, 3, 2));
    EXPECT_THAT(counts(rows.train, classes), ElementsAre(35, 21, 14));
  }
  EXPECT_THAT(warnings, IsEmpty());
}

// 0.25 of 7, 5 and 4 is 1.75, 1.25 and 1: the row left over goes to the largest remainder.
TEST_F(SplitRowsTest, GivesWhatIsLeftOverToTheLargestRemainder) {
  config.test_fraction = 0.25;
  const auto classes = repeated({7, 5, 4});
  EXPECT_THAT(counts(by_class(classes).test, classes), ElementsAre(2, 1, 1));
}

TEST_F(SplitRowsTest, TrainsOnAtLeastOneRowOfEveryClass) {
  config.test_fraction = 0.4;
  config.validation = 0.4;
  const auto classes = repeated({1, 2, 3, 24});
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const SplitRows rows = by_class(classes, seed);
    EXPECT_THAT(counts(rows.train, classes),
                ElementsAre(1, testing::Ge(1), testing::Ge(1), testing::Ge(1)));
    EXPECT_EQ(rows.test.numel(), 12);
    EXPECT_EQ(rows.validation.numel(), 12);
  }
}

TEST_F(SplitRowsTest, SaysWhenClassesAreTooSmallToShare) {
  config.test_fraction = 0.5;
  const SplitRows rows = by_class(repeated({1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(rows.test.numel(), 3);
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("the classes have too few samples")));
}

TEST_F(SplitRowsTest, DependsOnTheSeedAlone) {
  config.test_fraction = 0.3;
  const auto classes = repeated({40, 40});
  EXPECT_TRUE(at::equal(by_class(classes, 3).test, by_class(classes, 3).test));
  EXPECT_FALSE(at::equal(by_class(classes, 3).test, by_class(classes, 4).test));
}

// What models of earlier versions were trained with: written down from one of them.
TEST_F(SplitRowsTest, DrawsAtRandomAsEarlierVersionsDid) {
  config.split = "random";
  config.test_fraction = 0.2;
  config.validation = 0.3;
  const SplitRows rows = by_class(repeated({5, 5}), 7);
  EXPECT_THAT(numbers(rows.test), ElementsAre(1, 6));
  EXPECT_THAT(numbers(rows.validation), ElementsAre(0, 3, 8));
}

TEST_F(SplitRowsTest, NeverPartsAGroup) {
  config.test_fraction = 0.2;
  config.validation = 0.2;
  std::vector<int64_t> groups;
  for (int64_t i = 0; i < 200; ++i) groups.push_back(i * 7 % 40 / 2);
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const SplitRows rows = split({.groups = at::tensor(groups)}, 200, seed);
    std::map<int64_t, int> split_of;
    int which = 0;
    for (const at::Tensor& part : {rows.train, rows.validation, rows.test}) {
      for (const int64_t row : numbers(part)) {
        EXPECT_EQ(split_of.emplace(groups[row], which).first->second, which);
      }
      ++which;
    }
    EXPECT_EQ(at::cat({rows.train, rows.validation, rows.test}).numel(), 200);
    EXPECT_NEAR(static_cast<double>(rows.test.numel()), 40, 5);
    EXPECT_NEAR(static_cast<double>(rows.validation.numel()), 40, 5);
  }
}

TEST_F(SplitRowsTest, TellsWhenGroupsAreTooLargeForTheFractions) {
  config.test_fraction = 0.1;
  const SplitRows rows = split({.groups = at::tensor(repeated({50, 50}))}, 100);
  EXPECT_EQ(rows.test.numel(), 50);
  EXPECT_THAT(warnings,
              ElementsAre(HasSubstr("test: 50 of 100 samples, where its fraction is 10")));
  config.validation = 0.1;
  EXPECT_THAT(error_of([&] {
                split({.groups = at::tensor(repeated({50, 50}))}, 100);
              }),
              HasSubstr("2 groups for 3 splits"));
}

TEST_F(SplitRowsTest, KeepsTheLastRowsApart) {
  config.test_fraction = 0.25;
  config.validation = 0.25;
  const SplitRows rows = split({.ranks = at::tensor({7, 0, 6, 1, 5, 2, 4, 3}, at::kLong)}, 8);
  EXPECT_THAT(numbers(rows.test), ElementsAre(0, 2));
  EXPECT_THAT(numbers(rows.validation), ElementsAre(4, 6));
  EXPECT_THAT(numbers(rows.train), ElementsAre(1, 3, 5, 7));
  EXPECT_THAT(warnings, IsEmpty());
}

TEST_F(SplitRowsTest, TellsWhenEqualRowsAreSplit) {
  config.test_fraction = 0.5;
  const SplitRows rows = split({.ranks = at::tensor({0, 0, 0, 0}, at::kLong)}, 4);
  EXPECT_THAT(numbers(rows.test), ElementsAre(2, 3));
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("rows of one value are both in training and test")));
}

}  // namespace
}  // namespace maas
