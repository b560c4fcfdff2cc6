// The folds of scikit-learn 1.9.1 (GroupKFold, TimeSeriesSplit), and what must hold of any.
#include "train/fold_rows.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randperm.h>
#include <ATen/ops/repeat_interleave.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>

#include "small_job.h"

namespace maas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

at::Tensor numbers(const std::vector<int64_t>& values) { return at::tensor(values, at::kLong); }

std::vector<int64_t> values_of(const at::Tensor& tensor) {
  return {tensor.const_data_ptr<int64_t>(), tensor.const_data_ptr<int64_t>() + tensor.numel()};
}

// Made-up rows with the marks given.
DataSplits marked(int64_t rows, const at::Tensor& groups, const at::Tensor& ranks = {}) {
  DataConfig config = small_data();
  config.samples = rows;
  config.validation = 0;
  DataSplits data = open_data(config, 1);
  data.groups = groups;
  data.ranks = ranks;
  return data;
}

std::string refusal(const DataSplits& data, int64_t folds) {
  std::vector<std::string> warnings;
  return error_of(ErrorKind::kUsage, [&] { fold_rows(data, folds, 1, warnings); });
}

TEST(FoldRows, ShareEachClass) {
  const at::Tensor classes = numbers({0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2});
  const FoldRows made = folds_by_class(classes, 4, 1);
  for (int64_t fold = 0; fold < 4; ++fold) {
    const at::Tensor in_it = classes.index_select(0, made.validating(fold));
    EXPECT_TRUE(std::get<0>(in_it.sort()).equal(numbers({0, 1, 2})));
    EXPECT_EQ(made.learning(fold).size(0), 9);
  }
  EXPECT_TRUE(made.fold.equal(folds_by_class(classes, 4, 1).fold));
  EXPECT_FALSE(made.fold.equal(folds_by_class(classes, 4, 2).fold));
}

TEST(FoldRows, OfGroupsAreScikitLearns) {
  const at::Tensor sizes = numbers({5, 3, 8, 1, 4, 2, 6, 7, 9});
  const FoldRows made = folds_by_group(at::repeat_interleave(sizes), 3);
  const at::Tensor first = sizes.cumsum(0).sub(sizes);
  EXPECT_THAT(values_of(made.fold.index_select(0, first)), ElementsAre(1, 0, 1, 2, 0, 1, 2, 2, 0));
}

TEST(FoldRows, KeepGroupsWholeAndValidateEachRowOnce) {
  at::manual_seed(3);
  for (int64_t folds = 2; folds <= 5; ++folds) {
    const at::Tensor groups = at::randint(0, 9, {80}, at::kLong);
    const FoldRows made = folds_by_group(groups, folds);
    int64_t rows = 0;
    for (int64_t fold = 0; fold < folds; ++fold) {
      const at::Tensor own = made.validating(fold), others = made.learning(fold);
      const at::Tensor shared =
          groups.index_select(0, own).unsqueeze(1).eq(groups.index_select(0, others).unsqueeze(0));
      EXPECT_FALSE(shared.any().item<bool>());
      EXPECT_EQ(own.size(0) + others.size(0), 80);
      EXPECT_GT(own.size(0), 0);
      rows += own.size(0);
    }
    EXPECT_EQ(rows, 80);
    EXPECT_EQ(made.validated(folds).size(0), 80);
  }
}

TEST(FoldRows, OfAnOrderAreScikitLearns) {
  const std::vector<std::vector<std::vector<int64_t>>> wanted = {
      // learn, first, last
      {{9, 9, 15}, {16, 16, 22}},
      {{8, 8, 12}, {13, 13, 17}, {18, 18, 22}},
      {{7, 7, 10}, {11, 11, 14}, {15, 15, 18}, {19, 19, 22}},
      {{8, 8, 10}, {11, 11, 13}, {14, 14, 16}, {17, 17, 19}, {20, 20, 22}}};
  for (int64_t folds = 2; folds <= 5; ++folds) {
    const FoldRows made = folds_by_order(at::arange(23, at::kLong), folds);
    for (int64_t fold = 0; fold < folds; ++fold) {
      const auto own = values_of(made.validating(fold)), before = values_of(made.learning(fold));
      EXPECT_THAT(
          (std::vector<int64_t>{static_cast<int64_t>(before.size()), own.front(), own.back()}),
          testing::ElementsAreArray(wanted[folds - 2][fold]));
      EXPECT_EQ(before.front(), 0);
      EXPECT_EQ(before.back() + 1, own.front());
    }
  }
}

TEST(FoldRows, OfAnOrderLearnFromEarlierRowsAloneWhateverTheirPlace) {
  at::manual_seed(4);
  const at::Tensor ranks = at::randperm(50, at::kLong);
  const FoldRows made = folds_by_order(ranks, 4);
  for (int64_t fold = 0; fold < 4; ++fold) {
    const at::Tensor own = ranks.index_select(0, made.validating(fold));
    EXPECT_EQ(own.size(0), 10);
    EXPECT_LT(ranks.index_select(0, made.learning(fold)).max().item<int64_t>(),
              own.min().item<int64_t>());
  }
  EXPECT_EQ(made.validated(4).size(0), 40);
  EXPECT_EQ(made.validated(1).size(0), 10);
}

TEST(FoldRows, AreMadeByTheMarksOfTheData) {
  std::vector<std::string> warnings;
  const at::Tensor three = at::arange(60, at::kLong).remainder(3);
  EXPECT_TRUE(fold_rows(marked(60, three), 3, 1, warnings).fold.equal(three));
  EXPECT_THAT(warnings, IsEmpty());
  const FoldRows ordered = fold_rows(marked(60, {}, at::arange(60, at::kLong)), 5, 1, warnings);
  EXPECT_TRUE(ordered.expanding);
  EXPECT_THAT(warnings, IsEmpty());
  EXPECT_FALSE(fold_rows(marked(60, {}), 5, 1, warnings).expanding);
}

TEST(FoldRows, SayWhatIsUnevenOrTied) {
  std::vector<std::string> warnings;
  fold_rows(marked(60, at::arange(60, at::kLong).sub(40).clamp_min(0)), 3, 1, warnings);
  ASSERT_EQ(warnings.size(), 1);
  EXPECT_THAT(warnings[0], HasSubstr("from 9 to 41 of 60 rows a fold: the groups of data.group"));
  fold_rows(marked(60, {}, at::arange(60, at::kLong).sub(15).clamp_min(0)), 5, 1, warnings);
  ASSERT_EQ(warnings.size(), 2);
  EXPECT_THAT(warnings[1], HasSubstr("both sides of 1 of 5 borders before a fold"));
}

TEST(FoldRows, AreRefusedWhereThereAreTooFewRowsOrGroups) {
  EXPECT_THAT(refusal(marked(60, {}), 40), AllOf(HasSubstr("train.folds: 40 folds of 60 rows"),
                                                 HasSubstr("set train.folds=30")));
  EXPECT_THAT(
      refusal(marked(60, at::arange(60, at::kLong).remainder(3)), 5),
      AllOf(HasSubstr("train.folds: 5 folds of 3 groups"),
            HasSubstr("a group of data.group for each fold"), HasSubstr("set train.folds=3")));
  EXPECT_THAT(refusal(marked(60, at::arange(60, at::kLong).mul(0)), 5),
              AllOf(HasSubstr("5 folds of 1 group;"), HasSubstr("leave data.group out")));
  EXPECT_THAT(refusal(marked(60, at::arange(60, at::kLong).ge(1).to(at::kLong)), 2),
              HasSubstr("a fold has 59 of 60 rows"));
  EXPECT_THAT(refusal(marked(10, {}, at::arange(10, at::kLong)), 5),
              AllOf(HasSubstr("5 folds of 10 rows"), HasSubstr("two before the first"),
                    HasSubstr("set train.folds=4")));
}

}  // namespace
}  // namespace maas
