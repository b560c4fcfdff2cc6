#include "export/samples.h"

#include <ATen/ops/arange.h>
#include <gmock/gmock.h>

#include "call/builder.h"
#include "data/tensor_dataset.h"
#include "support/evaluate_program.h"

namespace maas {
namespace {

Program pixels_to_logits() {
  GraphBuilder g("test", 1);
  Handle x = g.input("image", {1, 2, 2}, at::kByte);
  x = g.call("aten::to.dtype", {{"self", ValueRef{x.id}}, {"dtype", at::kFloat}});
  return g.finish({{"logits", g.linear("fc", g.flatten(x), 3)}});
}

TEST(RandomSamples, HaveSeveralBatchSizesAndAreTheSameOnEveryCall) {
  const Program program = pixels_to_logits();
  const Samples samples = random_samples(program), again = random_samples(program);
  ASSERT_EQ(samples.batches.size(), 3U);
  EXPECT_EQ(samples.batches[0][0].size(0), 1);
  EXPECT_EQ(samples.batches[2][0].size(0), 16);
  EXPECT_NE(samples.batches[1][0].size(0), 1);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(samples.batches[i][0].equal(again.batches[i][0]));
    EXPECT_NO_THROW(evaluate(program, samples.batches[i]));
  }
  EXPECT_GT(samples.batches[2][0].max().item<int64_t>(), 100);  // bytes
}

TEST(RandomSamples, KeepToTheRangeOfTheBatch) {
  Program program = pixels_to_logits();
  program.symbols.begin()->second = {4, 8};
  const Samples samples = random_samples(program);
  EXPECT_EQ(samples.batches[0][0].size(0), 4);
  EXPECT_EQ(samples.batches[2][0].size(0), 8);
}

TEST(RandomSamples, UseIndicesThatTheTableHas) {
  GraphBuilder g("test", 1);
  const Handle tokens = g.input("tokens", {5}, at::kLong);
  const Program program = g.finish({{"y", g.embedding("table", tokens, 30, 4)}});
  const Samples samples = random_samples(program);
  int64_t highest = 0;
  for (const auto& batch : samples.batches) {
    highest = std::max(highest, batch[0].max().item<int64_t>());
    EXPECT_GE(batch[0].min().item<int64_t>(), 0);
  }
  EXPECT_GT(highest, 10);
  EXPECT_LT(highest, 30);
}

TEST(RandomSamples, OfFixedSizesAreThreeBatches) {
  Program program = pixels_to_logits();
  for (Value& value : program.values) {
    for (Dim& dim : value.shape) {
      if (dim.is_symbolic()) dim = Dim(7);
    }
  }
  const Samples samples = random_samples(program);
  ASSERT_EQ(samples.batches.size(), 3U);
  EXPECT_EQ(samples.batches[0][0].size(0), 7);
  EXPECT_FALSE(samples.batches[0][0].equal(samples.batches[1][0]));
}

class FewRows : public Dataset {
 public:
  int64_t size() const override { return 200; }
  Batch rows(const at::Tensor& index) const override {
    return {{index.to(at::kByte).reshape({-1, 1, 1, 1}).expand({-1, 1, 2, 2}).contiguous()}, index};
  }
  const DataSpec& spec() const override { return spec_; }
  std::string name_of(int64_t) const override { return ""; }

 private:
  DataSpec spec_;
};

TEST(HeldOutSamples, AreTheFirstRowsInSeveralBatchSizes) {
  const Samples samples = held_out_samples(FewRows(), pixels_to_logits(), 150, "the test split");
  std::vector<int64_t> sizes;
  int64_t next = 0;
  for (const auto& batch : samples.batches) {
    sizes.push_back(batch[0].size(0));
    EXPECT_EQ(batch[0][0].max().item<int64_t>(), next);
    next += batch[0].size(0);
  }
  EXPECT_EQ(sizes, (std::vector<int64_t>{1, 64, 64, 21}));
  EXPECT_EQ(samples.origin, "150 rows of the test split");
  EXPECT_EQ(held_out_samples(FewRows(), pixels_to_logits(), 999, "all").origin, "200 rows of all");
}

}  // namespace
}  // namespace maas
