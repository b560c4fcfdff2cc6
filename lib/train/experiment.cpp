#include "train/experiment.h"

#include <algorithm>
#include <functional>

#include "base/error.h"
#include "base/shown_text.h"
#include "base/throw_error.h"
#include "config/yaml_place.h"
#include "evaluate/metrics.h"
#include "evaluate/requirement.h"
#include "train/loss.h"

namespace maas {
namespace {

std::vector<std::string> names_of(const std::map<std::string, std::string>& require) {
  std::vector<std::string> names;
  for (const auto& [name, bound] : require) names.push_back(name);
  return names;
}

// What can be a folder's name and a part of a URL.
bool is_model_name(const std::string& name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !name.empty() && name.size() <= 128 && is_letter(name[0]) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return is_letter(c) || c == '.' || c == '_' || c == '-'; });
}

void check_name(const std::string& name) {
  if (is_model_name(name)) return;
  throw Error(
      ErrorKind::kUsage,
      Problem{"name", "'" + shown_text(name) + "' cannot name a folder and be part of a URL",
              "letters, digits and . _ -, at most 128, the first no sign",
              "give another, such as name: mnist_mlp", ""});
}

// The loss for a task whose labels are not known yet.
void check_loss_for(LossConfig loss, TaskKind task) {
  loss.class_weights.clear();
  check_loss(loss, TaskSpec{.kind = task, .labels = {}});
}

void check_head(const ModelConfig& model) {
  if (model.head == "keep" || !model.from.path.empty()) return;
  throw_usage("model.head", "is '" + model.head + "' without a network to start from",
              "model.from beside it", "name one, such as model.from: net.pt2, or leave it out");
}

// A column that decides which rows are kept apart, where none are.
void check_kept_apart(const Experiment& experiment) {
  const DataConfig& data = experiment.data;
  if (data.keeps_apart() || experiment.train.folds > 0) return;
  for (const auto& [where, column] :
       {std::pair("data.group", data.group), std::pair("data.order", data.order)}) {
    if (column.empty()) continue;
    throw_usage(where, "is given, but no rows of train are kept apart", "a split that it decides",
                "set data.validation, data.test_fraction or train.folds; to leave the column out "
                "alone, data.columns." +
                    column + ": ignore");
  }
}

}  // namespace

void Experiment::describe(Fields& field) {
  field("name", name).doc("names the run folder and the served model");
  field("seed", seed).between(0, 9e15).doc("decides initial weights, order, augmentation, dropout");
  field("output_dir", output_dir)
      .doc("run folder, relative to the working directory; empty = runs/<name>");
  field("data", data).doc("what to learn from");
  field("model", model).shorthand("type").doc("the network");
  field("train", train).doc("how to learn");
  field("eval", eval).doc("how to judge");
}

void check_experiment(const Experiment& experiment) {
  std::vector<Problem> problems;
  const auto collect = [&](const std::function<void()>& check) {
    try {
      check();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kUsage) throw;
      problems.insert(problems.end(), error.problems().begin(), error.problems().end());
    }
  };
  const TaskKind task = experiment.data.task_kind();
  const EvalConfig& eval = experiment.eval;
  collect([&] { check_name(experiment.name); });
  collect([&] { check_data_config(experiment.data); });
  collect([&] { check_kept_apart(experiment); });
  collect([&] { check_metric_names(eval.metrics, task, "eval.metrics"); });
  collect([&] { check_metric_names(names_of(eval.require), task, "eval.require"); });
  collect([&] { parse_requirements(eval.require); });
  const std::string& watched = experiment.train.early_stop.metric;
  if (!watched.empty()) {
    collect([&] { check_metric_names({watched}, task, "train.early_stop.metric"); });
  }
  collect([&] { check_loss_for(experiment.train.loss, task); });
  collect([&] { check_schedule(experiment.train); });
  collect([&] { check_head(experiment.model); });
  if (!problems.empty()) throw Error(ErrorKind::kUsage, std::move(problems));
}

}  // namespace maas
