#include "base/cores.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <fstream>

namespace maas {
namespace {

namespace fs = std::filesystem;

class Cores : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("maas-cores-" + std::to_string(::getpid()));
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }
  void put(const fs::path& file, const std::string& text) const {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }

  fs::path root_;
};

TEST_F(Cores, NoQuotaIsNoLimit) {
  EXPECT_FALSE(cgroup_cores(root_, "0::/\n"));
  put("cpu.max", "max 100000\n");
  EXPECT_FALSE(cgroup_cores(root_, "0::/\n"));
}

TEST_F(Cores, AQuotaIsReadFromVersionTwo) {
  put("cpu.max", "150000 100000\n");
  EXPECT_EQ(cgroup_cores(root_, "0::/\n"), 1.5);
}

TEST_F(Cores, TheLowestQuotaOnTheWayUpCounts) {
  put("pods/cpu.max", "200000 100000\n");
  put("pods/one/cpu.max", "400000 100000\n");
  put("pods/two/cpu.max", "100000 100000\n");
  EXPECT_EQ(cgroup_cores(root_, "0::/pods/one\n"), 2);
  EXPECT_EQ(cgroup_cores(root_, "0::/pods/two\n"), 1);
}

TEST_F(Cores, AQuotaIsReadFromVersionOne) {
  put("cpu/box/cpu.cfs_quota_us", "300000\n");
  put("cpu/box/cpu.cfs_period_us", "100000\n");
  const std::string groups = "7:memory:/box\n4:cpu,cpuacct:/box\n";
  EXPECT_EQ(cgroup_cores(root_, groups), 3);
  put("cpu/box/cpu.cfs_quota_us", "-1\n");
  EXPECT_FALSE(cgroup_cores(root_, groups));
}

TEST_F(Cores, AGroupOutsideTheViewIsNotFollowed) {
  put("cpu.max", "200000 100000\n");
  EXPECT_EQ(cgroup_cores(root_ / "inner", "0::/../..\n"), std::nullopt);
  EXPECT_EQ(cgroup_cores(root_, "0::/../other\nnonsense\n"), 2);
}

TEST_F(Cores, AreNoMoreThanTheAffinityMaskHas) {
  cpu_set_t before, one;
  ASSERT_EQ(::sched_getaffinity(0, sizeof(before), &before), 0);
  EXPECT_GE(usable_cores(), 1);
  EXPECT_LE(usable_cores(), CPU_COUNT(&before));
  int first = 0;
  while (!CPU_ISSET(first, &before)) ++first;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  ASSERT_EQ(::sched_setaffinity(0, sizeof(one), &one), 0);
  EXPECT_EQ(usable_cores(), 1);
  ::sched_setaffinity(0, sizeof(before), &before);
}

}  // namespace
}  // namespace maas
