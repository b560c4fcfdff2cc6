#include "http/give_back_memory.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <thread>
#include <vector>

// gcc's way to say so, and clang's.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MAAS_TEST_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MAAS_TEST_SANITIZED
#endif
#endif

namespace maas {
namespace {

constexpr int64_t kMebibyte = 1 << 20;

int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  int64_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

TEST(GiveBackMemory, GivesBackWhatAThreadFreedWhereverItLay) {
#ifdef MAAS_TEST_SANITIZED
  GTEST_SKIP() << "the sanitizer has its own allocator";
#endif
  // As apps/maas/main.cpp has it: nothing goes back by itself.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, -1);
  mallopt(M_TOP_PAD, 64 << 20);
  std::jthread([] {
    const int64_t before = resident_bytes();
    std::vector<std::string> texts, between;
    for (int i = 0; i < 100; ++i) {
      texts.emplace_back(kMebibyte, 'x');
      between.emplace_back(2000, 'x');
    }
    EXPECT_GT(resident_bytes(), before + 90 * kMebibyte);
    texts.clear();
    EXPECT_GT(resident_bytes(), before + 90 * kMebibyte);
    give_back_memory();
    EXPECT_LT(resident_bytes(), before + 8 * kMebibyte);
    EXPECT_EQ(between[99], std::string(2000, 'x'));
  }).join();
}

}  // namespace
}  // namespace maas
