#include "serve/shadow_copies.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include "serve/noted_inferences.h"

namespace maas {
namespace {

// Gives what it takes plus a number; throws where that is NaN.
class Plus final : public Session {
 public:
  explicit Plus(double number) : number_(number) {}
  const SessionInfo& info() const override { return info_; }
  std::vector<at::Tensor> infer(const std::vector<at::Tensor>& inputs) const override {
    if (number_ != number_) throw std::runtime_error("broken");
    return {(inputs[0] + number_).to(inputs[0].scalar_type())};
  }

 private:
  double number_;
  SessionInfo info_ = small_model();
};

class ShadowTest : public BatcherTest {
 protected:
  ShadowCopy copy_for(double number, std::shared_ptr<const Batcher> busy = nullptr) {
    return {.session = std::make_shared<Plus>(number),
            .statistics = statistics,
            .busy = std::move(busy),
            .inputs = {},
            .outputs = {}};
  }
  uint64_t count(ShadowEnd end) const { return statistics->ends[static_cast<size_t>(end)]; }

  std::shared_ptr<ShadowStatistics> statistics = std::make_shared<ShadowStatistics>();
  ShadowRunner runner;
};

TEST_F(ShadowTest, ComputesACopyAfterTheAnswerAndComparesIt) {
  const auto one = batcher(1, 0);
  one->submit(with_shadow(inference(5), copy_for(0), runner));
  EXPECT_EQ(log, "5=5 ");
  one->submit(with_shadow(inference(6), copy_for(1), runner));
  one->submit(with_shadow(inference(7), copy_for(std::nan("")), runner));
  EXPECT_EQ(log, "5=5 6=6 7=7 ");
  runner.wait_until_idle();
  EXPECT_EQ(count(ShadowEnd::kSame), 1);
  EXPECT_EQ(count(ShadowEnd::kDifferent), 1);
  EXPECT_EQ(count(ShadowEnd::kFailed), 1);
  EXPECT_EQ(statistics->compute.count(), 2);
}

TEST_F(ShadowTest, OfARequestThatFailsThereIsNoCopy) {
  const auto one = batcher(1, 0);
  const auto unreadable = inference(1);
  unreadable->readable = false;
  one->submit(with_shadow(unreadable, copy_for(0), runner));
  one->submit(with_shadow(inference(-1), copy_for(0), runner));
  EXPECT_EQ(log, "1-400 -1-500 ");
  runner.wait_until_idle();
  EXPECT_EQ(statistics->total(), 0);
}

TEST_F(ShadowTest, IsDroppedWhileRequestsWait) {
  const auto one = batcher(1, 8);
  submit_while_busy(*one, [&] {
    one->submit(inference(2));  // waits
    ShadowCopy copy = copy_for(0, one);
    copy.inputs = copy.outputs = {at::zeros({1, 1})};
    runner.submit(std::move(copy));
    runner.wait_until_idle();
  });
  EXPECT_EQ(count(ShadowEnd::kDropped), 1);
  run_tasks();
}

TEST_F(ShadowTest, IsDroppedWhereItsInputsAreTooLargeToKeep) {
  EXPECT_TRUE(runner.has_room(1 << 20));
  EXPECT_FALSE(runner.has_room(size_t{1} << 30));
  const auto one = batcher(1, 0);
  const auto large = inference(3);
  large->rows = 1 << 25;
  one->submit(with_shadow(large, copy_for(0), runner));
  EXPECT_EQ(log, "3=3 ");
  EXPECT_EQ(count(ShadowEnd::kDropped), 1);
}

TEST_F(ShadowTest, KeepsTheLevelTheClientAndTheDeadlineOfTheRequest) {
  const auto real = inference(1, std::chrono::seconds(5));
  const auto shadowed = with_shadow(real, copy_for(0), runner);
  EXPECT_EQ(shadowed->client(), real->client());
  EXPECT_EQ(shadowed->level(), real->level());
  EXPECT_LE(shadowed->deadline() - shadowed->arrived, std::chrono::seconds(5));
  real->wanted = false;
  EXPECT_FALSE(shadowed->is_wanted());
}

TEST(CompareOutputs, TellsNearFromEqualClassFromDifferent) {
  const at::Tensor a = at::tensor({1.0, 2.0, 3.0, 0.0}).view({2, 2});
  const at::Tensor near = a * 1.0001, same_class = a * 2, other = at::flip(a, {1});
  EXPECT_EQ(compare_outputs({a}, {near}), ShadowEnd::kSame);
  EXPECT_EQ(compare_outputs({a}, {same_class}), ShadowEnd::kSameClass);
  EXPECT_EQ(compare_outputs({a}, {other}), ShadowEnd::kDifferent);
  EXPECT_EQ(compare_outputs({a}, {a, a}), ShadowEnd::kDifferent);
  EXPECT_EQ(compare_outputs({a}, {a.view({4})}), ShadowEnd::kDifferent);
  EXPECT_EQ(compare_outputs({a}, {a.to(at::kFloat)}), ShadowEnd::kDifferent);
  const at::Tensor whole = at::tensor({1, 2});
  EXPECT_EQ(compare_outputs({whole}, {whole}), ShadowEnd::kSame);
  EXPECT_EQ(compare_outputs({whole}, {whole + 1}), ShadowEnd::kDifferent);
}

}  // namespace
}  // namespace maas
