#include <algorithm>
#include <charconv>

#include "base/did_you_mean.h"
#include "base/error.h"
#include "evaluate/metrics.h"
#include "evaluate/top_k.h"

namespace maas {
namespace {

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_known(const std::string& name, TaskKind task) {
  return contains(metric_names(task), name) ||
         (task == TaskKind::kClassification && top_k_of(name) > 0);
}

Problem wrong_name(const std::string& name, TaskKind task, const std::string& where) {
  const std::vector<std::string> known = metric_names(task);
  for (TaskKind other : {TaskKind::kClassification, TaskKind::kMultiLabel, TaskKind::kRegression}) {
    if (!is_known(name, other)) continue;
    return {
        .where = where,
        .what = "metric '" + name + "' is for " + to_text(other) + ", the task is " + to_text(task),
        .expected = "one of " + joined(known),
        .fix = "take one that fits the task"};
  }
  return {.where = where,
          .what = "unknown metric '" + name + "'" + did_you_mean(name, known),
          .expected = "one of " + joined(known),
          .fix = "correct the name"};
}

}  // namespace

int64_t top_k_of(const std::string& name) {
  if (name.rfind("top_", 0) != 0) return 0;
  int64_t k = 0;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + 4, end, k);
  return error == std::errc() && stop == end && k > 0 ? k : 0;
}

void check_metric_names(const std::vector<std::string>& names, TaskKind task,
                        const std::string& where) {
  std::vector<Problem> problems;
  for (const std::string& name : names) {
    if (!is_known(name, task)) problems.push_back(wrong_name(name, task, where));
  }
  if (!problems.empty()) throw Error(ErrorKind::kUsage, problems);
}

std::vector<std::string> metric_names(TaskKind task) {
  switch (task) {
    case TaskKind::kClassification:
      return {"accuracy",
              "balanced_accuracy",
              "top_5",
              "macro_f1",
              "micro_f1",
              "precision",
              "recall",
              "mcc",
              "nll",
              "ece",
              "brier",
              "roc_auc",
              "average_precision"};
    case TaskKind::kMultiLabel:
      return {"accuracy", "macro_f1", "micro_f1", "precision",        "recall",
              "nll",      "brier",    "roc_auc",  "average_precision"};
    case TaskKind::kRegression:
      return {"mae", "rmse", "r2", "mape"};
  }
  return {};
}

std::vector<std::pair<std::string, double>> in_order(const std::map<std::string, double>& values,
                                                     const std::vector<std::string>& asked) {
  std::vector<std::pair<std::string, double>> ordered;
  std::map<std::string, double> left = values;
  for (const std::string& name : asked) {
    if (const auto found = left.extract(name)) ordered.emplace_back(name, found.mapped());
  }
  ordered.insert(ordered.end(), left.begin(), left.end());
  return ordered;
}

std::vector<std::string> default_metrics(TaskKind task) {
  switch (task) {
    case TaskKind::kClassification:
      return {"accuracy", "macro_f1", "nll", "ece"};
    case TaskKind::kMultiLabel:
      return {"macro_f1", "micro_f1", "roc_auc", "nll"};
    case TaskKind::kRegression:
      return {"rmse", "mae", "r2"};
  }
  return {};
}

bool is_in_target_units(const std::string& name) { return name == "mae" || name == "rmse"; }

bool higher_is_better(const std::string& name) {
  return !contains({"nll", "ece", "brier", "mae", "rmse", "mape", "loss"}, name);
}

}  // namespace maas
