#include "run/kernel_times.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace maas {
namespace {

Kernel sleeping(const std::string& name, int64_t microseconds, int* calls = nullptr) {
  return {name, [=] {
            return [=] {
              if (calls != nullptr) ++*calls;
              std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
            };
          }};
}

TEST(KernelRace, IsWonByTheQuickest) {
  KernelTimes times;
  EXPECT_EQ(KernelRace(&times).winner("p", {sleeping("slow", 3000), sleeping("quick", 100)}),
            "quick");
  const auto measured = times.find("p");
  ASSERT_TRUE(measured);
  EXPECT_EQ(measured->winner, "quick");
  EXPECT_GT(measured->seconds.at("slow"), measured->seconds.at("quick"));
}

TEST(KernelRace, TimesAProductOnce) {
  KernelTimes times;
  int calls = 0;
  const std::vector<Kernel> kernels = {sleeping("a", 100, &calls), sleeping("b", 2000)};
  EXPECT_EQ(KernelRace(&times).winner("p", kernels), "a");
  const int once = calls;
  EXPECT_GT(once, 0);
  EXPECT_EQ(KernelRace(&times).winner("p", kernels), "a");
  EXPECT_EQ(calls, once);
}

TEST(KernelRace, IsWonByTheFirstWhereNoTimeIsLeft) {
  KernelTimes times;
  KernelRace race(&times, 0);
  EXPECT_EQ(race.winner("p", {sleeping("slow", 3000), sleeping("quick", 0)}), "slow");
  EXPECT_FALSE(times.find("p"));
}

TEST(KernelRace, IsWonByTheFirstWhereNobodyMeasures) {
  EXPECT_EQ(KernelRace(nullptr).winner("p", {sleeping("slow", 3000), sleeping("quick", 0)}),
            "slow");
}

TEST(KernelRace, IsWonByTheOneThatIsPinned) {
  KernelTimes times("b");
  EXPECT_EQ(KernelRace(&times).winner("p", {sleeping("a", 0), sleeping("b", 3000)}), "b");
  EXPECT_EQ(KernelRace(&times).winner("q", {sleeping("a", 0), sleeping("c", 0)}), "a");
  EXPECT_TRUE(times.all().empty());
}

// Another build may have other kernels.
TEST(KernelRace, TimesAgainWhatAKernelWonThatIsNotThere) {
  KernelTimes times;
  times.remember("p", {"gone", {{"gone", 1e-6}}});
  EXPECT_EQ(KernelRace(&times).winner("p", {sleeping("a", 100), sleeping("b", 3000)}), "a");
  EXPECT_EQ(times.find("p")->winner, "a");
}

TEST(KernelTimes, ComeBackFromTheirText) {
  KernelTimes times, other;
  times.remember("linear 1x2x3", {"mkl", {{"mkl", 1e-6}, {"onednn", 2.5e-3}}});
  times.remember("linear 4x5x6", {"onednn", {{"onednn", 0.125}}});
  EXPECT_TRUE(other.reads(times.text("this CPU"), "this CPU"));
  EXPECT_EQ(other.all(), times.all());
}

TEST(KernelTimes, KeepTheirOwnWhenTheyRead) {
  KernelTimes times, other;
  times.remember("p", {"a", {{"a", 1}}});
  other.remember("p", {"b", {{"b", 2}}});
  EXPECT_TRUE(other.reads(times.text("m"), "m"));
  EXPECT_EQ(other.find("p")->winner, "b");
}

TEST(KernelTimes, OfAnotherMachineAreNotRead) {
  KernelTimes times, other;
  times.remember("p", {"a", {{"a", 1}}});
  EXPECT_FALSE(other.reads(times.text("this CPU"), "that CPU"));
  EXPECT_TRUE(other.all().empty());
}

TEST(KernelTimes, ThatAreNoneAreNotRead) {
  const std::string head = "maas kernels 1\tm\n";
  KernelTimes times;
  EXPECT_TRUE(times.reads(head + "p\ta\ta=1\n", "m"));
  for (const std::string& text :
       {std::string(), std::string("\n"), head + "p", head + "\n", head + "p\ta\n",
        head + "p\ta\tb=1\n", head + "p\ta\ta=0\n", head + "p\ta\ta=-1\n", head + "p\ta\ta=nan\n",
        head + "p\ta\ta=inf\n", head + "p\ta\ta=1x\n", head + "p\ta\ta=1\ta=2\n",
        head + "\ta\ta=1\n", head + "p\ta\t=1\n", head + "p\ta\ta=1\np\ta\ta=1\n",
        head + std::string(2 << 20, 'p') + "\ta\ta=1\n", std::string(64, '\0') + "\n"}) {
    KernelTimes fresh;
    EXPECT_FALSE(fresh.reads(text, "m")) << text.substr(0, 60);
    EXPECT_TRUE(fresh.all().empty());
  }
}

TEST(KernelMachine, IsOneLine) {
  EXPECT_EQ(kernel_machine().find_first_of("\t\n"), std::string::npos);
  EXPECT_FALSE(kernel_machine().empty());
}

}  // namespace
}  // namespace maas
