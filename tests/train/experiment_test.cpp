// Fault C05: every setting with every odd value is either taken, and then trains, or is an error
// that names its place.
#include "train/experiment.h"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "data/open_data.h"
#include "record/run_folder.h"
#include "support/odd_settings.h"
#include "support/scratch.h"
#include "support/source_folder.h"
#include "train/fit.h"
#include "zoo/build_model.h"

namespace maas {
namespace {

using testing::HasSubstr;

// Small enough to train in no time: 40 made-up images, unless the setting is one of other data.
FlowConfig small_config(const Setting& setting) {
  static const std::set<std::string> kSized = {
      "conv", "conv1d", "conv_transpose", "embedding", "linear", "lstm", "gru"};
  std::map<std::string, std::string> values = {{"data.type", "synthetic"},
                                               {"data.validation", "0.2"},
                                               {"data.test_fraction", "0.2"},
                                               {"train.steps", "2"},
                                               {"train.batch_size", "8"}};
  for (const auto& [key, value] : setting.needs) {
    values[key] = value;
    if (kSized.contains(value)) values["model.layers.0.size"] = "2";
    if (value == "embedding") values["model.layers.0.rows"] = "5";
  }
  if (values.at("data.type") == "synthetic") {
    values["data.samples"] = "40";
    values["data.classes"] = "3";
  }
  FlowConfig config;
  for (const auto& [key, value] : values) config.set(key, value);
  return config;
}

TEST(Experiment, TakesOrRefusesEveryOddValueOfEverySetting) {
  const OddCounts counts = expect_all_taken_or_refused<Experiment>(small_config);
  EXPECT_GT(counts.taken, 200);
  EXPECT_GT(counts.refused, 500);
}

// Two steps of training; an Error that names its place is as good.
void train_a_little(const Experiment& experiment, const RunFolder& folder) {
  int64_t steps = 0;
  FitWatcher watcher;
  watcher.stop_requested = [&] { return ++steps >= 2; };
  try {
    check_experiment(experiment);
    FitJob job;
    job.data = open_data(experiment.data, 1);
    job.data_config = experiment.data;
    job.train = experiment.train;
    job.eval = experiment.eval;
    job.program = build_model(experiment.model, job.data.spec,
                              {.seed = 1, .normalize = normalize_of(experiment.data.normalize)});
    fit(job, folder, watcher);
  } catch (const Error& error) {
    EXPECT_NE(error.kind(), ErrorKind::kInternal) << error.what();
    for (const Problem& problem : error.problems()) EXPECT_NE(problem.where, "") << error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what();
  }
}

TEST(Experiment, TrainsWithWhateverItTakes) {
  const Scratch scratch;
  const RunFolder folder({.folder = scratch.path("run"), .name = "run"});
  Experiment defaults;
  for (const Setting& setting : every_setting(section_of(defaults))) {
    for (const std::string& value : odd_values()) {
      SCOPED_TRACE(setting.key + "=" + value.substr(0, 20));
      FlowConfig tree = small_config(setting);
      tree.set(setting.key, value);
      try {
        const auto experiment = read_config<Experiment>(text_source(tree.text()));
        if (experiment.model.from.path.empty()) train_a_little(experiment, folder);
      } catch (const Error&) {  // the test above looks at these
      }
    }
  }
}

TEST(CheckExperiment, FindsEveryContradictionThatNeedsNoData) {
  const auto experiment = read_config<Experiment>(
      text_source("name: a/b\ndata: {type: csv, train: x.csv, task: regression, normalize: unit}\n"
                  "eval: {metrics: [acuracy, mae], require: {r2: much}}\n"
                  "train: {loss: cross_entropy, early_stop: {metric: nll}}\n"));
  const std::string text = error_of([&] { check_experiment(experiment); }, ErrorKind::kUsage);
  for (const char* part :
       {"name: 'a/b' cannot name a folder", "data.label: is missing", "data.normalize: 'unit'",
        "eval.metrics: unknown metric 'acuracy'", "eval.require.r2: cannot read the requirement",
        "train.loss: 'cross_entropy' for a regression task",
        "train.early_stop.metric: metric 'nll'"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(CheckExperiment, AGroupOrOrderNeedsASplitOrFolds) {
  for (const std::string column : {"group", "order"}) {
    auto experiment = read_config<Experiment>(
        text_source("data: {type: csv, train: x.csv, label: y, " + column + ": day}\n"));
    EXPECT_THAT(error_of([&] { check_experiment(experiment); }, ErrorKind::kUsage),
                testing::AllOf(HasSubstr("data." + column + ": is given, but no rows of train"),
                               HasSubstr("data.columns.day: ignore")));
    experiment.train.folds = 5;
    EXPECT_NO_THROW(check_experiment(experiment));
  }
}

TEST(CheckExperiment, LetsTheExamplesPass) {
  for (const char* name : {"mnist_mlp", "mnist_lenet", "mnist_cnn", "bench_mlp"}) {
    check_experiment(read_config<Experiment>(
        {.file = source_folder() / "configs" / (std::string(name) + ".yaml")}));
  }
}

}  // namespace
}  // namespace maas
