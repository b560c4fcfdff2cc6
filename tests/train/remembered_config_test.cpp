#include "train/remembered_config.h"

#include <gmock/gmock.h>

#include "base/throw_error.h"
#include "config/read_config.h"
#include "config/write_config.h"
#include "support/scratch.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class RememberedConfig : public testing::Test {
 protected:
  RememberedConfig() {
    experiment_.data.type = "csv";
    experiment_.data.label = "y";
    experiment_.data.train.path.path = scratch_.write("data/train.csv", "x,y\n");
    experiment_.output_dir = scratch_.path("runs/a");
  }
  Model model_in(const std::string& folder) const {
    Model model;
    remember_config(model, experiment_, scratch_.path("runs/a"));
    model.config_folder = scratch_.path(folder);
    return model;
  }
  // The path of the training data, as a verb gets it.
  std::string found(const Model& model, const std::vector<std::string>& overrides = {}) {
    Experiment experiment;
    places_ = read_config({.text = model.manifest.resolved_config,
                           .folder = model.config_folder,
                           .overrides = overrides},
                          section_of(experiment));
    find_inputs(model, section_of(experiment), places_);
    return experiment.data.train.path.path;
  }
  // What is said when that cannot be opened.
  std::string said_of(const std::string& path) const {
    return error_of(
        [&] { with_places(places_, [&] { throw_input(path, "cannot open", "a file"); }); });
  }

  Scratch scratch_;
  Experiment experiment_;
  ConfigPlaces places_;
};

TEST_F(RememberedConfig, HoldsNoFolderOfTheMachine) {
  Model model;
  remember_config(model, experiment_, scratch_.path("runs/a"));
  EXPECT_THAT(model.manifest.resolved_config,
              AllOf(HasSubstr("    path: \"../../data/train.csv\"\n"), Not(HasSubstr("output_dir")),
                    Not(HasSubstr(scratch_.path("")))));
  remember_config(model, experiment_, "/elsewhere/a");
  EXPECT_THAT(model.manifest.resolved_config, HasSubstr("    path: train.csv\n"));
}

TEST_F(RememberedConfig, FindsTheDataFromItsFolder) {
  EXPECT_EQ(found(model_in("runs/a")), scratch_.path("data/train.csv"));
  EXPECT_EQ(found(model_in("runs/b"), {"seed=5"}), scratch_.path("data/train.csv"));
}

TEST_F(RememberedConfig, AsksTheRunFolderWhereNothingIs) {
  scratch_.write("far/away/run/resolved.yaml", write_config(experiment_) + "later: {setting: 1}\n");
  EXPECT_EQ(found(model_in("far/away/run")), scratch_.path("data/train.csv"));
}

TEST_F(RememberedConfig, DoesNotAskTheFolderOfAnotherRun) {
  Experiment other = experiment_;
  other.seed = 99;
  scratch_.write("far/away/run/resolved.yaml", write_config(other));
  scratch_.write("far/away/no/resolved.yaml", "hello: [");
  for (const char* folder : {"far/away/run", "far/away/no"}) {
    EXPECT_EQ(found(model_in(folder)), scratch_.path("far/data/train.csv"));
  }
}

TEST_F(RememberedConfig, SaysHowToNameDataThatAreLost) {
  EXPECT_THAT(said_of(found(model_in("far/away/run"))),
              AllOf(HasSubstr("far/data/train.csv: cannot open; expected the data where the model "
                              "remembers them"),
                    HasSubstr("fix: name them: data.train.path=PATH, or give a config")));
}

TEST_F(RememberedConfig, LeavesWhatTheCommandLineSaysAlone) {
  scratch_.write("far/away/run/resolved.yaml", write_config(experiment_));
  const std::string path = found(model_in("far/away/run"), {"data.train=/gone/train.csv"});
  EXPECT_EQ(path, "/gone/train.csv");
  EXPECT_THAT(said_of(path), HasSubstr("cannot open; expected a file"));
}

}  // namespace
}  // namespace maas
