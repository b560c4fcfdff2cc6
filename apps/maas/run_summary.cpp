#include "run_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/throw_error.h"
#include "config/flatten_config.h"
#include "config/read_config.h"
#include "config/walk_fields.h"
#include "config_file.h"
#include "evaluate/metrics.h"
#include "model/model_file.h"
#include "record/run_folder.h"
#include "tensor/json_view.h"
#include "train/remembered_config.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

constexpr size_t kDeepest = 3;

std::string first_line(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return "";
  const std::string text = read_file(path, 1 << 20);
  return text.substr(0, text.find('\n'));
}

std::string start_of(const fs::path& folder) {
  const fs::path path = folder / "env.json";
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return "";
  simdjson::dom::parser parser;
  const std::string text = read_file(path, 1 << 20);
  const std::string where = path.string();
  const JsonView json = parse_json(parser, text, where);
  return json.has("started") ? json.at("started").text() : "";
}

// The best of each metric on the validation split.
std::map<std::string, double> best_in(const std::vector<MetricsRow>& log) {
  std::map<std::string, double> best;
  for (const MetricsRow& row : log) {
    if (row.split != "validation") continue;
    for (const auto& [name, value] : row.values) {
      if (std::isnan(value)) continue;
      const auto [known, is_new] = best.emplace(name, value);
      const bool better = higher_is_better(name) ? value > known->second : value < known->second;
      if (!is_new && better) known->second = value;
    }
  }
  return best;
}

// Which settings are of one kind of data, network or optimizer alone.
class Kinds {
 public:
  Kinds() {
    ConfigFile config;
    walk_fields(section_of(config.experiment), [this](const std::string& key, const Field& field) {
      if (!field.selector.empty()) rules_[key] = {field.selector, field.selected_by};
    });
  }

  // False: what the run is of has no such setting.
  bool may_have(const RunSummary& run, std::string setting) const {
    while (!setting.empty()) {
      const size_t dot = setting.rfind('.');
      const std::string around = dot == std::string::npos ? "" : setting.substr(0, dot);
      const auto rule = rules_.find(with_any_index(setting));
      if (rule != rules_.end()) {
        const auto& [selector, kinds] = rule->second;
        const auto kind = run.settings.find(join_key(around, selector));
        if (kind == run.settings.end() || std::ranges::count(kinds, kind->second) == 0) {
          return false;
        }
      }
      setting = around;
    }
    return true;
  }

 private:
  std::map<std::string, std::pair<std::string, std::vector<std::string>>> rules_;
};

// `above`: the folders that lead here, so that a link to one of them ends nowhere.
void add_runs(const fs::path& folder, std::vector<fs::path> above, std::vector<fs::path>& found) {
  std::error_code error;
  const fs::path real = fs::canonical(folder, error);
  if (error || std::ranges::count(above, real) > 0) return;
  if (holds_run(folder)) {
    found.push_back(folder);
    return;  // what lies in it belongs to it
  }
  above.push_back(real);
  if (above.size() > kDeepest) return;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->path().filename().string().starts_with('.')) continue;
    if (it->is_directory(ignored)) add_runs(it->path(), above, found);
  }
}

}  // namespace

RunSummary read_run(const fs::path& folder) {
  if (!holds_run(folder)) {
    throw_input(folder.string(), "holds no run", "a folder that maas train wrote",
                "name the run's folder, such as runs/mnist_mlp");
  }
  RunSummary run;
  run.folder = folder;
  run.status = first_line(folder / "STATUS");
  if (run.status == "running" && !is_held(folder)) {
    run.status = "stopped: its process ended before it could say how";
  }
  run.started = start_of(folder);
  ConfigFile config;
  set_older_defaults(config.experiment);
  read_config({.file = folder / "resolved.yaml"}, section_of(config));
  run.settings = flatten_config(section_of(config.experiment));
  if (!config.distill.teacher.path.empty()) {  // it was taught
    for (const auto& [name, value] : flatten_config(config.distill)) {
      run.settings["distill." + name] = value;
    }
  }
  const TaskKind task = config.experiment.data.task_kind();
  run.metric_names = config.experiment.eval.metrics.empty() ? default_metrics(task)
                                                            : config.experiment.eval.metrics;
  std::error_code ignored;
  const std::string& watched = config.experiment.train.early_stop.metric;
  const bool is_trial = fs::exists(folder.parent_path() / "tune.jsonl", ignored);
  if (is_trial && !watched.empty()) {  // by which the search chose
    std::erase(run.metric_names, watched);
    run.metric_names.insert(run.metric_names.begin(), watched);
  }
  if (fs::is_regular_file(folder / "metrics.jsonl", ignored)) {
    run.log = read_metrics_log(folder / "metrics.jsonl");
  }
  for (const MetricsRow& row : run.log) {
    run.steps = std::max(run.steps, row.step);
    run.seconds = std::max(run.seconds, row.seconds);
  }
  const fs::path model = folder / "model.pt";
  if (fs::is_regular_file(model, ignored)) {
    run.model_bytes = fs::file_size(model);
    run.metrics = load_manifest(model).metrics;
  } else {
    run.metrics = best_in(run.log);
  }
  return run;
}

std::vector<RunSummary> runs_below(const fs::path& root, std::vector<std::string>& unreadable) {
  std::error_code ignored;
  if (!fs::is_directory(root, ignored)) {
    throw_input(root.string(), "is no folder", "a folder of runs", "name one: maas runs DIR");
  }
  std::vector<fs::path> folders;
  add_runs(root, {}, folders);
  std::sort(folders.begin(), folders.end());
  std::vector<RunSummary> runs;
  for (const fs::path& folder : folders) {
    try {
      runs.push_back(read_run(folder));
    } catch (const Error& error) {
      unreadable.push_back(fmt::format("{}: {}", folder.string(), error.first().text()));
    }
  }
  return runs;
}

std::vector<SettingRow> different_settings(const std::vector<RunSummary>& runs) {
  std::set<std::string> names;
  for (const RunSummary& run : runs) {
    for (const auto& [name, value] : run.settings) names.insert(name);
  }
  const Kinds kinds;
  std::vector<SettingRow> rows;
  for (const std::string& name : names) {
    if (name == "name" || name == "output_dir") continue;
    SettingRow row{name, {}};
    for (const RunSummary& run : runs) {
      const auto found = run.settings.find(name);
      row.values.push_back(found == run.settings.end() ? "" : found->second);
    }
    std::set<std::string> values;
    for (size_t i = 0; i < runs.size(); ++i) {
      if (!row.values[i].empty() || kinds.may_have(runs[i], name)) values.insert(row.values[i]);
    }
    if (values.size() > 1) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace maas
