#include "serve/model_files.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "support/scratch.h"

namespace maas {
namespace {

using testing::HasSubstr;

class ModelFiles : public testing::Test {
 protected:
  void write(const std::string& path) {
    const std::filesystem::path whole = scratch.path(path);
    std::filesystem::create_directories(whole.parent_path());
    scratch.write(path, path);
  }
  std::string found(const std::string& versions = "latest", const std::string& source = "") {
    std::string text;
    const FoundModels all =
        find_models(scratch.path(source), parse_version_policy(versions, "serve.versions"));
    notes = all.notes;
    for (const ModelFile& file : all.files) {
      text += fmt::format("{}/{} ", file.name, file.version);
    }
    return text;
  }

  Scratch scratch;
  std::vector<std::string> notes;
};

TEST_F(ModelFiles, OfAFolderAreByNameAndVersion) {
  for (const char* path : {"models/net/1/model.pt", "models/net/2/whatever.pt2",
                           "models/net/10/model.pt", "models/word/model.pt", "models/line.pt"}) {
    write(path);
  }
  EXPECT_EQ(found("latest", "models"), "line/1 net/10 word/1 ");
  EXPECT_EQ(found("latest:2", "models"), "line/1 net/10 net/2 word/1 ");
  EXPECT_EQ(found("all", "models"), "line/1 net/10 net/2 net/1 word/1 ");
  EXPECT_EQ(found("1,2", "models"), "line/1 net/2 net/1 word/1 ");
  EXPECT_TRUE(notes.empty());
}

TEST_F(ModelFiles, OfWhatHasNoPlaceInAFolderIsTold) {
  for (const char* path :
       {"m/net/v2/model.pt", "m/net/01/model.pt", "m/net/3/notes.txt", "m/two/a.pt", "m/two/b.pt",
        "m/.hidden/1/model.pt", "m/net/.4/model.pt", "m/README.md"}) {
    write(path);
  }
  EXPECT_EQ(found("all", "m"), "");
  ASSERT_EQ(notes.size(), 4);
  EXPECT_THAT(notes[0], HasSubstr("net/01: is no version"));
  EXPECT_THAT(notes[1], HasSubstr("net/3: has no .pt or .pt2"));
  EXPECT_THAT(notes[2], HasSubstr("net/v2: is no version"));
  EXPECT_THAT(notes[3], HasSubstr("two: has several models"));
}

TEST_F(ModelFiles, AFileIsItselfAndMayBeGivenAName) {
  write("a.pt");
  EXPECT_EQ(found("latest", "a.pt"), "/1 ");
  const std::string named = "digits=" + scratch.path("a.pt");
  EXPECT_EQ(find_models(named, {}).files.at(0).name, "digits");
  EXPECT_THROW(find_models("a b=x.pt", {}), Error);
}

TEST_F(ModelFiles, OfOneModelAreItsVersionsUnderTheNameThatItIsGiven) {
  write("store/net/1/model.pt");
  write("store/net/2/model.pt");
  const FoundModels all = find_models("best=" + scratch.path("store/net"), {.latest = 0});
  ASSERT_EQ(all.files.size(), 2U);
  EXPECT_EQ(all.files[0].name, "best");
  EXPECT_EQ(all.files[0].version, 2);
  EXPECT_EQ(found("latest", "store/net"), "1/1 2/1 ");
  EXPECT_THAT(notes.at(0), HasSubstr("if they are versions of one, serve NAME="));
}

TEST_F(ModelFiles, OfOtherServersAreNamed) {
  write("store/net/1/model.onnx");
  write("store/tf/1/saved_model.pb");
  found("latest", "store");
  ASSERT_EQ(notes.size(), 2U);
  EXPECT_THAT(notes[0], HasSubstr("but model.onnx: maas import model.onnx -o model.pt"));
  EXPECT_THAT(notes[1], HasSubstr("but a SavedModel: tf2onnx makes ONNX of it"));
}

TEST_F(ModelFiles, StampsChangeWithTheFile) {
  const auto stamp = [&] { return find_models(scratch.path("a.pt"), {}).files.at(0).stamp; };
  write("a.pt");
  const FileStamp first = stamp();
  EXPECT_EQ(stamp(), first);
  scratch.write("b.pt", "a.pt");
  std::filesystem::rename(scratch.path("b.pt"), scratch.path("a.pt"));
  EXPECT_NE(stamp(), first);
}

TEST(VersionPolicy, ThatNamesNoVersionsIsRefused) {
  for (const char* text : {"", "newest", "latest:0", "latest:", "1,", "1,x", "0", "-1", "01"}) {
    EXPECT_THROW(parse_version_policy(text, "serve.versions"), Error) << text;
  }
}

TEST_F(ModelFiles, OfRunFoldersAreToldWithoutWhatTrainingLeavesThere) {
  for (const char* path :
       {"run/model.pt", "run/resolved.yaml", "run/checkpoints/step-1/state",
        "run/model-pruned.run/resolved.yaml", "other/model.pt", "other/checkpoints/step-1/state"}) {
    write(path);
  }
  EXPECT_EQ(found(), "other/1 run/1 ");
  EXPECT_THAT(notes, testing::ElementsAre(HasSubstr("other/checkpoints: is no version")));
}

}  // namespace
}  // namespace maas
