#include "model/model.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/randint.h>
#include <sys/stat.h>

#include "call/verify.h"
#include "model/small_model.h"
#include "program/mode.h"
#include "support/full_disk.h"
#include "tensor/random.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

at::Tensor some_pixels() { return at::randint(0, 256, {5, 1, 3, 3}, make_generator(3), at::kByte); }

TEST_F(ModelFile, GivesTheSameOutputsBitForBit) {
  const Model model = small_model();
  save(model);
  const Model loaded = load_model(path_);
  EXPECT_EQ(to_text(loaded.program), to_text(model.program));
  EXPECT_TRUE(at::equal(evaluate(loaded.program, {some_pixels()}).at(0),
                        evaluate(model.program, {some_pixels()}).at(0)));
}

// cp over the file, or a training that writes it again, while somebody measures it.
TEST_F(ModelFile, OnceLoadedDoesNotMindWhatBecomesOfTheFile) {
  const Model model = small_model();
  save(model);
  const Model loaded = load_model(path_);
  std::filesystem::resize_file(path_, 0);
  EXPECT_TRUE(at::equal(evaluate(loaded.program, {some_pixels()}).at(0),
                        evaluate(model.program, {some_pixels()}).at(0)));
}

TEST_F(ModelFile, KeepsEveryWeightAndStatistic) {
  const Model model = small_model();
  model.program.buffers.at("bn.running_mean").fill_(0.25);
  save(model);
  const Model loaded = load_model(path_);
  EXPECT_EQ(loaded.program.parameters.size(), model.program.parameters.size());
  for (const auto& [name, tensor] : model.program.parameters) {
    EXPECT_TRUE(at::equal(loaded.program.parameters.at(name), tensor)) << name;
  }
  for (const auto& [name, tensor] : model.program.buffers) {
    EXPECT_TRUE(at::equal(loaded.program.buffers.at(name), tensor)) << name;
  }
}

TEST_F(ModelFile, KeepsItsManifest) {
  const Manifest saved = small_model().manifest;
  save(small_model());
  const Manifest loaded = load_model(path_).manifest;
  EXPECT_EQ(manifest_to_json(loaded), manifest_to_json(saved));
  ASSERT_TRUE(loaded.data.has_value());
  EXPECT_EQ(*loaded.data, *saved.data);  // the preprocessing and the labels
  EXPECT_EQ(loaded.metrics, saved.metrics);
}

TEST_F(ModelFile, KnowsItsDigest) {
  const std::string digest = save(small_model());
  EXPECT_EQ(digest, sha256_hex_of_file(path_));
  EXPECT_EQ(load_model(path_).digest, digest);
  EXPECT_EQ(digest.size(), 64U);
}

TEST_F(ModelFile, HoldsTheSameBytesForTheSameModel) {
  const std::string first = save(small_model());
  EXPECT_EQ(save(small_model(), true), first);
  Model other = small_model();
  other.manifest.name = "other";
  EXPECT_NE(save(other, true), first);
}

TEST_F(ModelFile, IsReadInEvaluationMode) {
  Model model = small_model();
  model.program = with_mode(std::move(model.program), Mode::kTrain);
  save(model);
  const Program loaded = load_model(path_).program;
  EXPECT_TRUE(at::equal(evaluate(loaded, {some_pixels()}).at(0),
                        evaluate(small_program(), {some_pixels()}).at(0)));
}

TEST_F(ModelFile, StaysReadableWhenTheFileIsReplacedOrRemoved) {
  save(small_model());
  const Model loaded = load_model(path_);
  const at::Tensor before = evaluate(loaded.program, {some_pixels()}).at(0).clone();
  Model other = small_model();
  other.program.parameters.at("fc.weight").fill_(1);
  save(other, true);
  EXPECT_TRUE(at::equal(evaluate(loaded.program, {some_pixels()}).at(0), before));
  std::filesystem::remove(path_);
  EXPECT_TRUE(at::equal(evaluate(loaded.program, {some_pixels()}).at(0), before));
}

// The first time, values come in the order of the file instead of the builder's.
TEST_F(ModelFile, CanBeReplacedByItself) {
  save(small_model());
  const std::string again = save(load_model(path_), true);
  EXPECT_EQ(save(load_model(path_), true), again);
  EXPECT_EQ(to_text(load_model(path_).program), to_text(small_program()));
  EXPECT_EQ(scratch_.entries(), 1);
}

TEST_F(ModelFile, IsNotReplacedUnasked) {
  scratch_.write("model.pt", "somebody's");
  const std::string text = error_of([&] { save(small_model()); }, ErrorKind::kUsage);
  EXPECT_THAT(text, AllOf(StartsWith(path_ + ": exists; expected a new file"),
                          HasSubstr("name another output with -o, or give --force")));
  EXPECT_EQ(bytes(), "somebody's");
  EXPECT_NO_THROW(save(small_model(), true));
  EXPECT_NO_THROW(load_model(path_));
}

TEST_F(ModelFile, IsLeftAsItWasWhenTheDiskIsFull) {
  save(small_model());
  const std::string before = bytes();
  Model larger = small_model();
  std::string& config = larger.manifest.resolved_config;  // text that cannot be deflated
  for (uint64_t i = 0, draw = 1; i < 100'000; ++i) {
    draw = draw * 6364136223846793005U + 1442695040888963407U;
    config.push_back(static_cast<char>('!' + (draw >> 33) % 90));
  }
  for (const rlim_t room : {0, 1, 100, 4000, 50'000}) {
    const FullDisk full(room);
    const std::string text = error_of([&] { save(larger, true); }, ErrorKind::kResources);
    EXPECT_THAT(text, AllOf(StartsWith(path_ + ": cannot write: File too large"),
                            HasSubstr("check the disk space")))
        << room;
  }
  EXPECT_EQ(bytes(), before);
  EXPECT_EQ(scratch_.entries(), 1);  // no temporary file either
  EXPECT_NO_THROW(save(larger, true));
}

TEST_F(ModelFile, IsLeftAsItWasWhenTheGraphDoesNotRun) {
  save(small_model());
  const std::string before = bytes();
  Model broken = small_model();
  broken.program.parameters.erase("fc.weight");
  EXPECT_THAT(error_of([&] { save(broken, true); }),
              HasSubstr("'fc.weight': has no tensor behind it"));
  EXPECT_EQ(bytes(), before);
  EXPECT_EQ(scratch_.entries(), 1);
}

TEST_F(ModelFile, SaysWhereItCannotBeWritten) {
  path_ = scratch_.path("absent/model.pt");
  EXPECT_THAT(error_of([&] { save(small_model()); }, ErrorKind::kResources),
              AllOf(StartsWith(path_ + ": cannot create: "), HasSubstr("absent does not exist"),
                    HasSubstr("mkdir -p ")));
}

TEST_F(ModelFile, IsAnOrdinaryFile) {  // fault M05
  EXPECT_THAT(error_of([&] { load_model(path_); }),
              StartsWith(path_ + ": cannot open: No such file or directory"));
  std::filesystem::create_directory(path_);
  EXPECT_THAT(error_of([&] { load_model(path_); }), StartsWith(path_ + ": is a folder"));
  EXPECT_EQ(::mkfifo(scratch_.path("pipe.pt").c_str(), 0600), 0);
  EXPECT_THAT(error_of([&] { load_model(scratch_.path("pipe.pt")); }),
              HasSubstr("pipe.pt: is not a regular file; expected a file"));
  EXPECT_THAT(error_of([&] { load_model("/dev/zero"); }), HasSubstr("is not a regular file"));
}

TEST(Model, IsCalledByItsManifestOrElseByItsFile) {
  EXPECT_EQ(small_model().name_or_stem("runs/x.pt"), "pets");
  EXPECT_EQ(Model{}.name_or_stem("runs/x.pt2"), "x");
}

}  // namespace
}  // namespace maas
