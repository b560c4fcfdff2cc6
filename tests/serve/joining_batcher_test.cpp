#include <gtest/gtest.h>

#include "serve/noted_inferences.h"

namespace maas {
namespace {

// Gives its rows back; they may be put together. Notes how many came in each call; fails on -1.
class Joins final : public Session {
 public:
  explicit Joins(std::string& calls) : calls_(calls) { info_.joins_rows = true; }
  const SessionInfo& info() const override { return info_; }
  std::vector<at::Tensor> infer(const std::vector<at::Tensor>& inputs) const override {
    calls_ += std::to_string(inputs[0].size(0)) + " ";
    if (has_minus_one(inputs[0])) throw_input("input", "is -1", "another");
    return inputs;
  }

 private:
  std::string& calls_;
  SessionInfo info_ = small_model();
};

class JoiningBatcherTest : public BatcherTest {
 protected:
  std::shared_ptr<Batcher> joining(BatcherLimits limits) {
    limits.capacity = 1000;
    return std::make_shared<Batcher>(
        std::make_shared<Joins>(calls), limits,
        Batcher::Threads{[this](ServeClock::duration delay, std::function<void()> task) {
          delay.count() > 0 ? late.push_back(std::move(task)) : tasks.push_back(std::move(task));
        }});
  }
  void submit(Batcher& to, std::initializer_list<int> numbers) {
    for (const int number : numbers) to.submit(inference(number));
  }

  std::string calls;
  std::deque<std::function<void()>> late;
};

TEST_F(JoiningBatcherTest, ComputesTogetherWhateverWaits) {
  const auto made = joining({.slots = 1, .rows = 8});
  Batcher& one = *made;
  submit(one, {1, 2, 3});
  EXPECT_EQ(log, "");  // until the turn's end
  run_tasks();
  EXPECT_EQ(calls, "3 ");
  EXPECT_EQ(log, "123=1 =2 =3 ");
}

TEST_F(JoiningBatcherTest, AClientThatIsAloneWaitsForNoTurn) {
  const auto made = joining({.slots = 1, .rows = 8});
  Batcher& one = *made;
  for (int i = 1; i < 4; ++i) {
    const auto next = inference(i);
    next->client_of_all = true;
    one.submit(next);
  }
  EXPECT_EQ(log, "1=1 2=2 3=3 ");
}

TEST_F(JoiningBatcherTest, ABatchHasNoMoreRowsThanItMay) {
  const auto made = joining({.slots = 1, .rows = 4});
  Batcher& one = *made;
  for (const int64_t rows : {2, 1, 2, 9, 1}) {
    const auto next = inference(static_cast<int>(rows));
    next->rows = rows;
    one.submit(next);
  }
  run_tasks();
  EXPECT_EQ(calls, "3 2 9 1 ");
  EXPECT_EQ(one.statistics().batches.sum(), 15);
  EXPECT_EQ(one.statistics().count(InferenceEnd::kAnswered), 5);
}

TEST_F(JoiningBatcherTest, OtherShapesAreOtherBatches) {
  const auto made = joining({.slots = 1, .rows = 8});
  Batcher& one = *made;
  for (const int64_t width : {1, 1, 2, 2, 1}) {
    const auto next = inference(static_cast<int>(width));
    next->width = width;
    one.submit(next);
  }
  run_tasks();
  EXPECT_EQ(calls, "2 2 1 ");
}

TEST_F(JoiningBatcherTest, OneThatIsRefusedSpoilsNoBatch) {
  const auto made = joining({.slots = 1, .rows = 8});
  Batcher& one = *made;
  const auto unreadable = inference(4), gone = inference(5);
  unreadable->readable = false;
  gone->wanted = false;
  one.submit(gone);
  submit(one, {1, -1, 2});
  one.submit(unreadable);
  let_wait(*unreadable);
  run_tasks();
  EXPECT_EQ(log, "-499 1-124-400 =1 -400 =2 ");
  EXPECT_EQ(calls, "3 1 1 1 ");
  EXPECT_EQ(one.statistics().count(InferenceEnd::kRefused), 2);
  EXPECT_EQ(one.statistics().count(InferenceEnd::kCancelled), 1);
}

TEST_F(JoiningBatcherTest, SlotsShareWhatWaits) {
  const auto made = joining({.slots = 2, .rows = 8});
  Batcher& two = *made;
  submit(two, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(tasks.size(), 2);
  run_tasks();  // here the first is done before the second begins
  EXPECT_EQ(calls, "3 2 1 ");
}

TEST_F(JoiningBatcherTest, WaitsForCompanyWhenTold) {
  const auto made = joining({.slots = 1, .rows = 3, .delay = std::chrono::milliseconds(5)});
  Batcher& one = *made;
  submit(one, {1, 2});
  run_tasks();
  EXPECT_EQ(log, "");
  ASSERT_EQ(late.size(), 1);
  late.front()();
  EXPECT_EQ(log, "12=1 =2 ");
  submit(one, {3, 4, 5});  // full
  run_tasks();
  EXPECT_EQ(calls, "2 3 ");
  late.back()();  // nobody is there
  EXPECT_EQ(one.waiting(), 0);
}

}  // namespace
}  // namespace maas
