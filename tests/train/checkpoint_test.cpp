#include "train/checkpoint.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <limits>

#include "base/files.h"
#include "support/full_disk.h"
#include "train/run_scratch.h"
#include "train/small_job.h"

namespace maas {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CheckpointTest : public RunScratch {
 protected:
  static Checkpoint checkpoint(int64_t step) {
    Checkpoint made;
    made.step = step;
    made.tensors = {{"param/w", at::arange(1000, at::kFloat).add(static_cast<double>(step))},
                    {"optimizer/steps", at::full({}, step, at::kLong)}};
    made.numbers = {{"loss_sum", 0.1 + 1e-17}, {"best", std::numeric_limits<double>::denorm_min()}};
    made.texts = {{"setting/name", "\"mnist\"\n"}};
    return made;
  }
  void save(int64_t step, int64_t keep_last = 10) {
    save_checkpoint(folder_, checkpoint(step), keep_last);
  }
  std::optional<Checkpoint> load() { return load_newest_checkpoint(folder_, warnings_); }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      found.push_back(entry.path().filename().string());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  fs::path file(int64_t step, const std::string& name) const {
    return folder_ / ("step-" + std::to_string(step)) / name;
  }
  void flip_a_bit(const fs::path& path) {
    std::string bytes = read_file(path);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    std::ofstream(path, std::ios::binary) << bytes;
  }
  void replace_in(const fs::path& path, const std::string& text, const std::string& by) {
    std::string bytes = read_file(path);
    ASSERT_NE(bytes.find(text), std::string::npos);
    bytes.replace(bytes.find(text), text.size(), by);
    std::ofstream(path, std::ios::binary) << bytes;
  }

  std::vector<std::string> warnings_;
};

TEST_F(CheckpointTest, ComesBackBitForBit) {
  save(7);
  const Checkpoint saved = checkpoint(7), loaded = load().value();
  EXPECT_EQ(loaded.step, 7);
  EXPECT_EQ(loaded.numbers, saved.numbers);
  EXPECT_EQ(loaded.texts, saved.texts);
  ASSERT_EQ(loaded.tensors.size(), saved.tensors.size());
  for (const auto& [name, tensor] : saved.tensors) {
    EXPECT_TRUE(at::equal(loaded.tensors.at(name), tensor)) << name;
  }
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(CheckpointTest, IsNothingWhereNoneWasSaved) {
  EXPECT_FALSE(load().has_value());
  EXPECT_FALSE(load_newest_checkpoint(folder_ / "absent", warnings_).has_value());
}

TEST_F(CheckpointTest, KeepsTheNewestByNumber) {
  for (const int64_t step : {9, 10, 100, 11}) save(step, 3);
  EXPECT_THAT(names(), ElementsAre("step-10", "step-100", "step-11"));
  EXPECT_EQ(load()->step, 100);
}

TEST_F(CheckpointTest, PassesOverWhatIsDamagedAndSaysSo) {
  const std::vector<std::function<void()>> damages = {
      [&] { flip_a_bit(file(2, "state.safetensors")); },
      [&] { flip_a_bit(file(2, "state.json")); },
      [&] { flip_a_bit(file(2, "manifest.json")); },
      [&] { fs::resize_file(file(2, "state.safetensors"), 100); },
      [&] { fs::resize_file(file(2, "manifest.json"), 0); },
      [&] { fs::remove(file(2, "state.safetensors")); },
      [&] { fs::remove(file(2, "manifest.json")); },
      [&] {
        fs::copy_file(file(1, "manifest.json"), file(2, "manifest.json"),
                      fs::copy_options::overwrite_existing);
      },
      [&] { replace_in(file(2, "manifest.json"), "state.json", "other.json"); }};
  for (size_t i = 0; i < damages.size(); ++i) {
    fs::remove_all(folder_ / "step-2");
    warnings_.clear();
    save(1);
    save(2);
    damages[i]();
    const auto found = load();
    ASSERT_TRUE(found.has_value()) << i;
    EXPECT_EQ(found->step, 1) << i;
    EXPECT_THAT(warnings_, ElementsAre(AllOf(HasSubstr("step-2 is passed over"),
                                             HasSubstr((folder_ / "step-2").string()))))
        << i;
  }
}

TEST_F(CheckpointTest, NamesTheFileWithBothSizesAndDigests) {
  save(1);
  save(2);
  fs::resize_file(file(2, "state.safetensors"), 100);
  load();
  EXPECT_THAT(warnings_,
              ElementsAre(AllOf(HasSubstr("state.safetensors: 100 bytes with SHA-256"),
                                HasSubstr("as its manifest says"), HasSubstr("is damaged"))));
}

TEST_F(CheckpointTest, IsNeverFromTheStartWhenAllAreDamaged) {
  for (const int64_t step : {1, 2}) {
    save(step);
    flip_a_bit(file(step, "state.json"));
  }
  const std::string text = error_of(ErrorKind::kInput, [&] { load(); });
  EXPECT_THAT(text, AllOf(HasSubstr("none of 2 checkpoints can be used"), HasSubstr("state.json"),
                          HasSubstr("start anew with --force")));
  EXPECT_EQ(warnings_.size(), 2u);
}

TEST_F(CheckpointTest, RefusesAnotherFormat) {
  save(1);
  replace_in(file(1, "manifest.json"), "\"format\":2", "\"format\":3");
  const std::string text = error_of(ErrorKind::kInput, [&] { load(); });
  EXPECT_THAT(text, AllOf(HasSubstr("is of format 3"), HasSubstr("expected format 2")));
}

TEST_F(CheckpointTest, SaysWhichNumberIsMissing) {
  EXPECT_EQ(checkpoint(1).number("loss_sum"), 0.1 + 1e-17);
  EXPECT_THAT(error_of(ErrorKind::kInput, [] { checkpoint(1).number("seconds"); }),
              HasSubstr("checkpoint: 'seconds': is missing"));
  EXPECT_THAT(error_of(ErrorKind::kInput, [] { checkpoint(1).tensor("best/w"); }),
              HasSubstr("'best/w'"));
}

TEST_F(CheckpointTest, LeavesTheOldOneAndNoTraceOnAFullDisk) {
  save(1);
  for (const rlim_t bytes : {0, 1, 100, 4000}) {
    const FullDisk full(bytes);
    const std::string text = error_of(ErrorKind::kResources, [&] { save(2); });
    EXPECT_THAT(text, AllOf(HasSubstr("step-2"), HasSubstr("File too large"))) << bytes;
  }
  EXPECT_THAT(names(), ElementsAre("step-1"));
  EXPECT_EQ(load()->step, 1);
  save(2);
  EXPECT_EQ(load()->step, 2);
}

TEST_F(CheckpointTest, SaysWhereItCannotBeMade) {
  std::ofstream(folder_ / "file") << "x";
  const std::string text = error_of(ErrorKind::kResources, [&] {
    save_checkpoint(folder_ / "file" / "checkpoints", checkpoint(3), 1);
  });
  EXPECT_THAT(text, AllOf(HasSubstr("step-3"), HasSubstr("Not a directory")));
  EXPECT_THAT(
      error_of(ErrorKind::kResources, [&] { load_newest_checkpoint(folder_ / "file", warnings_); }),
      HasSubstr("cannot be listed: Not a directory"));
}

TEST_F(CheckpointTest, ReplacesADamagedOneOfTheSameStep) {
  save(4);
  flip_a_bit(file(4, "state.safetensors"));
  save(4);
  EXPECT_EQ(load()->step, 4);
  EXPECT_THAT(warnings_, IsEmpty());
}

// The number of a process that has ended, so none has it now.
pid_t dead_process() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  siginfo_t info;
  EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED), 0);
  return child;
}

TEST_F(CheckpointTest, OrphansOfDeadProcessesAreRemoved) {
  const std::string dead = ".tmp-" + std::to_string(dead_process());
  const std::string alive = ".tmp-" + std::to_string(::getppid());
  fs::create_directories(folder_ / "checkpoints" / ("step-5" + dead));
  std::ofstream(folder_ / "checkpoints" / ("step-5" + dead) / "state.json") << "{";
  fs::create_directories(folder_ / "checkpoints" / ("step-6" + alive));
  fs::create_directories(folder_ / "checkpoints" / "step-4");
  for (const std::string& name : {".model.pt" + dead, ".STATUS" + alive, std::string("a.tmp-x"),
                                  std::string("notes.tmp-"), std::string("STATUS")}) {
    std::ofstream(folder_ / name) << "x";
  }
  remove_orphans(folder_);
  EXPECT_THAT(names(),
              ElementsAre(".STATUS" + alive, "STATUS", "a.tmp-x", "checkpoints", "notes.tmp-"));
  EXPECT_TRUE(fs::exists(folder_ / "checkpoints" / ("step-6" + alive)));
  EXPECT_TRUE(fs::exists(folder_ / "checkpoints" / "step-4"));
  EXPECT_FALSE(fs::exists(folder_ / "checkpoints" / ("step-5" + dead)));
}

}  // namespace
}  // namespace maas
