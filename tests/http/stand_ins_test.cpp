#include "http/stand_ins.h"

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <thread>
#include <vector>

namespace maas {
namespace {

class StandInsTest : public testing::Test {
 protected:
  StandInsTest() {
    threads_.emplace_back([this] { stand_ins.run_member(); });
    for (int i = 0; i < 2; ++i) {
      threads_.emplace_back([this] { stand_ins.run_stand_in([this] { ++rests; }); });
    }
  }
  ~StandInsTest() override { io.stop(); }

  // On the thread that did it.
  std::future<std::thread::id> post(std::function<void()> work) {
    auto done = std::make_shared<std::promise<std::thread::id>>();
    auto result = done->get_future();
    net::post(io, [work, done] {
      work();
      done->set_value(std::this_thread::get_id());
    });
    return result;
  }

  net::io_context io;
  net::executor_work_guard<net::io_context::executor_type> guard{net::make_work_guard(io)};
  StandIns stand_ins{io};
  std::atomic<int> rests{0};

 private:
  std::vector<std::jthread> threads_;
};

TEST_F(StandInsTest, WorkGoesOnWhileMemberAndFirstStandInAreAtLongWork) {
  std::promise<void> released;
  const std::shared_future<void> release = released.get_future().share();
  const auto wait = [&] {
    const LongWork working(stand_ins);
    release.wait();
  };
  const auto first = post(wait), second = post(wait);
  post([] {}).get();
  released.set_value();
  first.wait();
  second.wait();
}

TEST_F(StandInsTest, WorkGoesOnDuringLongWorkThatNobodyAnnounced) {
  std::promise<void> released;
  const auto first = post([&] { released.get_future().wait(); });
  post([] {}).get();
  released.set_value();
  first.wait();
}

TEST_F(StandInsTest, WhoHasNothingToDoRests) {
  while (rests < 3) std::this_thread::yield();
  EXPECT_EQ(stand_ins.members(), 1);
}

}  // namespace
}  // namespace maas
