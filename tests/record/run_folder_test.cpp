#include "record/run_folder.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "base/files.h"
#include "train/run_scratch.h"
#include "train/small_job.h"

namespace maas {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

class RunFolderTest : public RunScratch {
 protected:
  fs::path run() const { return folder_ / "run"; }
};

TEST_F(RunFolderTest, NamesWhoHoldsIt) {
  const RunFolder first = fresh_run(run());
  const std::string text = error_of(ErrorKind::kFailed, [&] { resumed_run(run()); });
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  EXPECT_THAT(text, AllOf(HasSubstr("locked by pid " + std::to_string(::getpid())),
                          HasSubstr(std::string(" on ") + host.data() + " since 20"),
                          HasSubstr("another output_dir")));
}

TEST_F(RunFolderTest, IsNotMovedAsideWhileItIsHeld) {
  const RunFolder first = fresh_run(run());
  error_of(ErrorKind::kFailed, [&] { RunFolder({.folder = run(), .name = "run", .force = true}); });
  EXPECT_FALSE(fs::exists(run() / ".old-1"));
}

TEST_F(RunFolderTest, TakesALockThatADeadProcessLeft) {
  { const RunFolder first = fresh_run(run()); }
  std::ofstream(run() / ".lock") << "pid 1 on elsewhere since 2020-01-01T00:00:00Z and then some";
  const RunFolder second = resumed_run(run());
  EXPECT_THAT(read_file(run() / ".lock"), HasSubstr("pid " + std::to_string(::getpid())));
  EXPECT_THAT(read_file(run() / ".lock"), testing::Not(HasSubstr("elsewhere")));
}

TEST_F(RunFolderTest, RefusesAFolderThatHoldsARun) {
  { const RunFolder first = fresh_run(run()); }
  EXPECT_THAT(error_of(ErrorKind::kUsage, [&] { fresh_run(run()); }),
              AllOf(HasSubstr("holds a run already"), HasSubstr("--resume"), HasSubstr("--force")));
}

TEST_F(RunFolderTest, SetsAnOldRunAsideWhenForced) {
  { const RunFolder first = fresh_run(run()); }
  std::ofstream(run() / "model.pt") << "old";
  const RunFolder second({.folder = run(), .name = "run", .force = true});
  EXPECT_EQ(read_file(run() / ".old-1" / "model.pt"), "old");
  EXPECT_TRUE(fs::is_empty(run() / "checkpoints"));
}

TEST_F(RunFolderTest, SaysThatThereIsNothingToResume) {
  EXPECT_THAT(error_of(ErrorKind::kInput, [&] { resumed_run(run()); }), HasSubstr("holds no run"));
}

TEST_F(RunFolderTest, SaysThatAFileIsInTheWay) {
  std::ofstream(folder_ / "file") << "x";
  for (const fs::path& path : {folder_ / "file", folder_ / "file" / "run"}) {
    EXPECT_THAT(error_of(ErrorKind::kResources, [&] { fresh_run(path); }),
                AllOf(HasSubstr(path.string()), HasSubstr("Not a directory")));
  }
}

TEST_F(RunFolderTest, SaysThatANameIsTooLong) {
  EXPECT_THAT(error_of(ErrorKind::kResources, [&] { fresh_run(folder_ / std::string(300, 'x')); }),
              HasSubstr("File name too long"));
}

TEST_F(RunFolderTest, IsHeldAsLongAsItsProcessLives) {
  EXPECT_FALSE(is_held(run()));
  {
    const RunFolder folder = fresh_run(run());
    EXPECT_TRUE(is_held(run()));
  }
  EXPECT_TRUE(fs::exists(run() / ".lock"));
  EXPECT_FALSE(is_held(run()));
  const RunFolder again = resumed_run(run());
  EXPECT_TRUE(is_held(run()));
}

TEST_F(RunFolderTest, WithdrawsWithTheFoldersThatWereMadeForIt) {
  const fs::path inner = folder_ / "a" / "b" / "run";
  RunFolder folder = fresh_run(inner);
  folder.set_status("running");
  std::ofstream(inner / "resolved.yaml") << "x";
  folder.withdraw();
  EXPECT_FALSE(fs::exists(folder_ / "a"));
  EXPECT_TRUE(fs::exists(folder_));
}

TEST_F(RunFolderTest, RefusesAFolderOfOtherThings) {
  fs::create_directories(run() / "data");
  for (const char* name : {"notes.txt", "model.pt", "zoo.csv"}) std::ofstream(run() / name) << name;
  for (const bool force : {false, true}) {
    EXPECT_THAT(error_of(ErrorKind::kUsage,
                         [&] { RunFolder({.folder = run(), .name = "run", .force = force}); }),
                AllOf(HasSubstr("holds data, model.pt, notes.txt and 1 more, and no run"),
                      HasSubstr("a new or an empty folder"), HasSubstr("-o")));
  }
  EXPECT_FALSE(fs::exists(run() / ".lock"));
  EXPECT_FALSE(fs::exists(run() / "checkpoints"));
}

TEST_F(RunFolderTest, TakesAnEmptyFolderAndWhatRunsLeftInOne) {
  fs::create_directories(run() / ".old-1");
  std::ofstream(run() / ".lock") << "pid 1";
  EXPECT_TRUE(fs::exists(fresh_run(run()).file("checkpoints")));
}

TEST_F(RunFolderTest, LeavesWhatIsNoRunsWhereItIs) {
  { const RunFolder first = fresh_run(run()); }
  fs::create_directories(run() / ".git");
  fs::create_directories(run() / "output");  // a run's is a file
  for (const char* name : {"notes.txt", "model-int8.pt", ".git/config", "output/a.csv"}) {
    std::ofstream(run() / name) << name;
  }
  for (const char* name : {"model.pt", "events.tfevents.17.host.1.0", "parent"}) {
    std::ofstream(run() / name) << name;
  }
  RunFolder second({.folder = run(), .name = "run", .force = true});
  for (const char* name : {"notes.txt", "model-int8.pt", ".git/config", "output/a.csv"}) {
    EXPECT_EQ(read_file(run() / name), name);
  }
  for (const char* name : {"model.pt", "events.tfevents.17.host.1.0", "parent"}) {
    EXPECT_FALSE(fs::exists(run() / name)) << name;
    EXPECT_EQ(read_file(run() / ".old-1" / name), name);
  }
  second.withdraw();
  for (const char* name : {"notes.txt", "model-int8.pt", ".git/config", "output/a.csv", "model.pt",
                           "events.tfevents.17.host.1.0", "parent"}) {
    EXPECT_EQ(read_file(run() / name), name);
  }
  EXPECT_FALSE(fs::exists(run() / ".lock"));
}

TEST_F(RunFolderTest, NamesItselfPastAFolderOfOtherThings) {
  fs::create_directories(folder_ / "runs" / "mine");
  std::ofstream(folder_ / "runs" / "mine" / "notes.txt") << "x";
  const fs::path before = fs::current_path();
  fs::current_path(folder_);
  const RunFolder made({.folder = "", .name = "mine"});
  fs::current_path(before);
  EXPECT_EQ(made.path(), fs::path("runs") / "mine-2");
}

TEST_F(RunFolderTest, BringsBackTheRunThatItSetAside) {
  { const RunFolder first = fresh_run(run()); }
  std::ofstream(run() / "model.pt") << "old";
  std::ofstream(run() / "resolved.yaml") << "old";
  RunFolder second({.folder = run(), .name = "run", .force = true});
  std::ofstream(run() / "resolved.yaml") << "new";
  second.withdraw();
  EXPECT_EQ(read_file(run() / "model.pt"), "old");
  EXPECT_EQ(read_file(run() / "resolved.yaml"), "old");
  EXPECT_FALSE(fs::exists(run() / ".old-1"));
}

TEST_F(RunFolderTest, HasAStatusOfOneLine) {
  const RunFolder folder = fresh_run(run());
  folder.set_status("running");
  EXPECT_EQ(read_file(run() / "STATUS"), "running\n");
  folder.set_status("failed", "the loss is nan");
  EXPECT_EQ(read_file(run() / "STATUS"), "failed: the loss is nan\n");
}

}  // namespace
}  // namespace maas
