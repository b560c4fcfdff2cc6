#include "serve/model_loader.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/throw_error.h"
#include "serve/requests.h"
#include "support/scratch.h"

namespace maas {
namespace {

using testing::HasSubstr;

class Empty final : public Session {
 public:
  explicit Empty(SessionInfo info) : info_(std::move(info)) {}
  const SessionInfo& info() const override { return info_; }
  std::vector<at::Tensor> infer(const std::vector<at::Tensor>& inputs) const override {
    return inputs;
  }

 private:
  SessionInfo info_;
};

// Models are files with "good" in them.
std::unique_ptr<Session> open(const ModelFile& file) {
  if (read_file(file.path) != "good") throw_input(file.path.string(), "is damaged", "a model");
  SessionInfo info = small_model();
  info.name = file.name.empty() ? file.path.stem().string() : file.name;
  info.version = std::to_string(file.version);
  return std::make_unique<Empty>(info);
}

// "+net/1 -net/2 !", of what was loaded, has gone, and failed.
std::string text_of(const ModelChanges& changes) {
  std::string text;
  for (const auto& session : changes.loaded) {
    text += fmt::format("+{}/{} ", session->info().name, session->info().version);
  }
  for (const auto& [name, version] : changes.gone) text += fmt::format("-{}/{} ", name, version);
  for (size_t i = 0; i < changes.failed.size(); ++i) text += "! ";
  return text;
}

class Loading : public testing::Test {
 protected:
  // As who is careful does it.
  void write(const std::string& path, const std::string& bytes = "good") {
    const std::filesystem::path whole = scratch.path("models/" + path);
    std::filesystem::create_directories(whole.parent_path());
    write_file_atomically(whole, bytes);
  }
  size_t load_all() {
    std::vector<std::string> notes;
    return loader.load_all(notes).size();
  }

  Scratch scratch;
  ModelLoader loader{{scratch.path("models")}, {}, open};
};

TEST_F(Loading, NothingChangesWhereNoFileDoes) {
  write("net/1/model.pt");
  write("word/1/model.pt");
  EXPECT_EQ(load_all(), 2);
  EXPECT_EQ(text_of(loader.changes()), "");
}

TEST_F(Loading, AFileThatIsNamedTwiceIsRefused) {
  write("net.pt");
  const std::string file = scratch.path("models/net.pt");
  for (const std::string& other : {file, "other=" + file, std::string(scratch.path("models"))}) {
    ModelLoader twice({file, other}, {}, open);
    std::vector<std::string> notes;
    try {
      twice.load_all(notes);
      FAIL() << other;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("models/net.pt: is named twice"));
    }
  }
}

TEST_F(Loading, ANewVersionTakesThePlaceOfTheOldOne) {
  write("net/1/model.pt");
  load_all();
  write("net/2/model.pt");
  EXPECT_EQ(text_of(loader.changes()), "+net/2 -net/1 ");
  std::filesystem::remove_all(scratch.path("models/net/2"));
  EXPECT_EQ(text_of(loader.changes()), "+net/1 -net/2 ");
}

TEST_F(Loading, AFileThatIsReplacedIsLoadedAgain) {
  write("net/1/model.pt");
  load_all();
  write("net/1/model.pt");
  EXPECT_EQ(text_of(loader.changes()), "+net/1 ");
}

TEST_F(Loading, OneThatIsDamagedLeavesTheOldOneAndIsTriedWhenItChanges) {
  write("net/1/model.pt");
  load_all();
  write("net/1/model.pt", "half");
  const ModelChanges failed = loader.changes();
  EXPECT_EQ(text_of(failed), "! ");
  EXPECT_THAT(failed.failed[0], HasSubstr("the one before stays: "));
  EXPECT_THAT(failed.failed[0], HasSubstr("is damaged"));
  EXPECT_EQ(text_of(loader.changes()), "");
  write("net/1/model.pt");
  EXPECT_EQ(text_of(loader.changes()), "+net/1 ");
}

TEST_F(Loading, ANewVersionThatIsDamagedLeavesTheOldOneServed) {
  write("net/1/model.pt");
  load_all();
  write("net/2/model.pt", "half");
  EXPECT_EQ(text_of(loader.changes()), "! ");
  EXPECT_EQ(text_of(loader.changes()), "");
  write("net/2/model.pt");
  EXPECT_EQ(text_of(loader.changes()), "+net/2 -net/1 ");
}

TEST_F(Loading, AModelThatMovesWithinItsFolderStays) {
  write("w.pt");
  load_all();
  std::filesystem::create_directories(scratch.path("models/w/1"));
  std::filesystem::rename(scratch.path("models/w.pt"), scratch.path("models/w/1/model.pt"));
  EXPECT_EQ(text_of(loader.changes()), "+w/1 ");
  EXPECT_EQ(text_of(loader.changes()), "");
}

TEST_F(Loading, OneNameAndVersionTwiceIsToldAndTakesNothingAway) {
  write("w.pt");
  load_all();
  write("w/1/model.pt");
  const ModelChanges changes = loader.changes();
  EXPECT_THAT(changes.failed.at(0), HasSubstr("is a second model 'w' of version 1"));
  EXPECT_TRUE(changes.gone.empty());
  EXPECT_EQ(text_of(loader.changes()), "");
}

TEST_F(Loading, AnOddNameIsToldOnceAndStopsNobody) {
  write("net/1/model.pt");
  load_all();
  write("a b.pt");
  write("new.pt");
  EXPECT_EQ(text_of(loader.changes()), "+new/1 ! ");
  EXPECT_EQ(text_of(loader.changes()), "");
}

TEST_F(Loading, ModelsStayWhileTheirFolderIsAway) {
  write("net/1/model.pt");
  load_all();
  std::filesystem::rename(scratch.path("models"), scratch.path("away"));
  EXPECT_EQ(text_of(loader.changes()), "! ");
  EXPECT_EQ(text_of(loader.changes()), "");
  std::filesystem::rename(scratch.path("away"), scratch.path("models"));
  EXPECT_EQ(text_of(loader.changes()), "");
}

TEST_F(Loading, UnloadingLastsUntilLoading) {
  write("net/1/model.pt");
  write("word/1/model.pt");
  load_all();
  EXPECT_EQ(text_of(loader.unload("net")), "-net/1 ");
  write("net/1/model.pt");
  EXPECT_EQ(text_of(loader.changes()), "");
  ASSERT_EQ(loader.states().size(), 2);
  EXPECT_FALSE(loader.states()[0].ready);
  EXPECT_EQ(loader.states()[0].reason, "unloaded");
  EXPECT_EQ(text_of(loader.load("net")), "+net/1 ");
  EXPECT_TRUE(loader.states()[0].ready);
  EXPECT_THROW(loader.load("nothing"), Error);
  EXPECT_THROW(loader.unload("nothing"), Error);
}

TEST_F(Loading, AtTheStartEverythingMustLoad) {
  EXPECT_THROW(load_all(), Error);  // no such folder
  std::filesystem::create_directories(scratch.path("models"));
  EXPECT_THROW(load_all(), Error);  // an empty one
  write("net/1/model.pt", "half");
  EXPECT_THROW(load_all(), Error);
}

TEST_F(Loading, TwoModelsOfOneNameAreRefused) {
  write("a/net.pt");
  write("b/net.pt");
  ModelLoader both({scratch.path("models/a/net.pt"), scratch.path("models/b/net.pt")}, {}, open);
  std::vector<std::string> notes;
  try {
    both.load_all(notes);
    ADD_FAILURE() << "were taken";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("is called 'net' as "));
    EXPECT_THAT(error.what(), HasSubstr("NAME="));
  }
}

TEST_F(Loading, AFileThatWasNamedStaysServedWhileItIsGone) {
  write("net.pt");
  ModelLoader one({scratch.path("models/net.pt")}, {}, open);
  std::vector<std::string> notes;
  EXPECT_EQ(one.load_all(notes).size(), 1);
  std::filesystem::remove(scratch.path("models/net.pt"));
  EXPECT_THAT(text_of(one.changes()), testing::Not(HasSubstr("-")));
  write("net.pt");
  EXPECT_EQ(text_of(one.changes()), "+net/1 ");
}

}  // namespace
}  // namespace maas
