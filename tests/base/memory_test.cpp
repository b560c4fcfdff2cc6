#include "base/memory.h"

#include <gmock/gmock.h>

#include <limits>

#include "support/scratch.h"

namespace maas {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;
constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

TEST(AvailableMemory, IsWhatTheKernelSays) {
  const Scratch machine;
  EXPECT_EQ(available_memory(machine.path("")), kNoLimit);
  machine.write("proc/meminfo", "MemTotal: 4096 kB\nMemFree: 1024 kB\nMemAvailable: 2048 kB\n");
  EXPECT_EQ(available_memory(machine.path("")), 2 * kMiB);
}

TEST(AvailableMemory, IsWhatIsLeftOfTheLimitOfTheGroup) {
  const Scratch machine;
  machine.write("proc/meminfo", "MemAvailable: 1048576 kB\n");
  machine.write("proc/self/cgroup", "0::/\n");
  machine.write("sys/fs/cgroup/memory.max", std::to_string(100 * kMiB));
  machine.write("sys/fs/cgroup/memory.current", std::to_string(70 * kMiB));
  machine.write("sys/fs/cgroup/memory.stat",
                "anon 1\ninactive_file " + std::to_string(20 * kMiB) + "\n");
  EXPECT_EQ(available_memory(machine.path("")), 50 * kMiB);
  machine.write("sys/fs/cgroup/memory.current", std::to_string(200 * kMiB));
  EXPECT_EQ(available_memory(machine.path("")), 0);
  machine.write("sys/fs/cgroup/memory.max", "max\n");
  EXPECT_EQ(available_memory(machine.path("")), 1024 * kMiB);
}

TEST(AvailableMemory, ReadsTheFirstVersionOfControlGroups) {
  const Scratch machine;
  machine.write("proc/self/cgroup", "5:memory:/m\n0::/\n");
  machine.write("sys/fs/cgroup/memory/m/memory.limit_in_bytes", std::to_string(100 * kMiB));
  machine.write("sys/fs/cgroup/memory/m/memory.usage_in_bytes", std::to_string(60 * kMiB));
  EXPECT_EQ(available_memory(machine.path("")), 40 * kMiB);
  machine.write("sys/fs/cgroup/memory/m/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_GT(available_memory(machine.path("")), int64_t{1} << 60);
}

}  // namespace
}  // namespace maas
