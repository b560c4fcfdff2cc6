#include "run/kernel_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "support/scratch.h"

namespace maas {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

class KernelFileTest : public testing::Test {
 protected:
  fs::path file() const { return folder_ / "kernels.txt"; }
  void write(const std::string& text) const { std::ofstream(file()) << text; }

  // Reads the file, remembers a product, keeps it. Returns the trouble.
  std::string use(const std::string& product, KernelFile::Place place = KernelFile::Place::kNamed) {
    KernelFile kept(file(), place);
    KernelTimes times;
    kept.read_into(times);
    times.remember(product, {"a", {{"a", 1e-6}}});
    kept.keep(times);
    return kept.trouble();
  }
  KernelTimes& held() {
    KernelFile(file()).read_into(held_);
    return held_;
  }
  static std::string head() { return KernelTimes().text(kernel_machine()); }

  const Scratch scratch_;
  const fs::path folder_ = scratch_.path("");
  KernelTimes held_;
};

TEST_F(KernelFileTest, HoldsWhatSeveralProcessesMeasured) {
  EXPECT_EQ(use("p"), "");
  EXPECT_EQ(use("q"), "");
  EXPECT_TRUE(held().find("p"));
  EXPECT_TRUE(held().find("q"));
}

TEST_F(KernelFileTest, LosesNothingOfWhoWritesAtOnce) {
  constexpr int kWriters = 8, kProducts = 10;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      KernelFile kept(file());
      KernelTimes times;
      for (int i = 0; i < kProducts; ++i) {
        times.remember(fmt::format("{} of {}", i, writer), {"a", {{"a", 1e-6}}});
        kept.keep(times);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(held().all().size(), size_t{kWriters * kProducts});
}

TEST_F(KernelFileTest, WaitsForOthersButNotForEver) {
  const int folder = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(::flock(folder, LOCK_EX), 0);
  const auto start = std::chrono::steady_clock::now();
  use("p");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
  EXPECT_FALSE(fs::exists(file()));
  ::close(folder);
}

TEST_F(KernelFileTest, OfSomethingElseIsRefusedAndLeftAsItIs) {
  for (const char* text : {"height,label\n1,a\n", "PK\3\4", "maas kernel", "\n"}) {
    write(text);
    EXPECT_THAT(error_of([&] { use("p"); }, ErrorKind::kUsage),
                AllOf(HasSubstr(file().string()), HasSubstr("holds something else"),
                      HasSubstr("stays as it is")));
    EXPECT_EQ(read_file(file()), text);
  }
}

TEST_F(KernelFileTest, ThatIsDamagedIsRefusedAndLeftAsItIs) {
  for (const std::string& text : {head() + "p\ta\ta=1", head() + "p\n", head() + "\n"}) {
    write(text);
    EXPECT_THAT(error_of([&] { use("p"); }), HasSubstr("delete the file"));
    EXPECT_EQ(read_file(file()), text);
  }
}

TEST_F(KernelFileTest, OfAnotherMachineIsToldAndLeftAsItIs) {
  for (const std::string& text :
       {KernelTimes().text("another CPU"), std::string("maas kernels 2\tx\n")}) {
    write(text);
    EXPECT_THAT(use("p"), HasSubstr("is of another machine or version"));
    EXPECT_EQ(read_file(file()), text);
  }
}

TEST_F(KernelFileTest, ThatIsNoneIsToldAndLeftAsItIs) {
  fs::create_directory(file());
  EXPECT_EQ(use("p"), "is a folder");
  fs::remove(file());
  ASSERT_EQ(::mkfifo(file().c_str(), 0600), 0);
  EXPECT_EQ(use("p"), "is a device or a pipe");
  fs::remove(file());
  fs::create_symlink(file(), file());
  EXPECT_THAT(use("p"), HasSubstr("symbolic links"));
  fs::remove(file());
  write("x");
  KernelFile below(file() / "kernels.txt");
  KernelTimes times;
  below.read_into(times);
  EXPECT_THAT(below.trouble(), HasSubstr("is no folder"));
  EXPECT_EQ(read_file(file()), "x");
}

TEST_F(KernelFileTest, OfTheCacheIsReplacedWhateverItHolds) {
  for (const std::string& text : {std::string("x"), head() + "p\n", std::string(2 << 20, 'x')}) {
    write(text);
    EXPECT_EQ(use("p", KernelFile::Place::kCache), "");
    EXPECT_TRUE(read_file(file()).starts_with("maas kernels 1"));
  }
}

TEST_F(KernelFileTest, KeepsWhatWasMeasuredHereWhereAllIsTooMuch) {
  const std::string stem(2000, 'p');
  KernelTimes others;
  for (int i = 0; i < 520; ++i) others.remember(fmt::format("b{}{}", i, stem), {"a", {{"a", 1}}});
  ASSERT_LE(others.text(kernel_machine()).size(), size_t{1} << 20);
  write(others.text(kernel_machine()));
  KernelFile kept(file());
  KernelTimes times;
  kept.read_into(times);
  for (int i = 0; i < 20; ++i) times.remember(fmt::format("z{}{}", i, stem), {"a", {{"a", 1}}});
  kept.keep(times);
  EXPECT_LE(fs::file_size(file()), uint64_t{1} << 20);
  EXPECT_GT(held().all().size(), 500u);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(held().find(fmt::format("z{}{}", i, stem)));
}

}  // namespace
}  // namespace maas
