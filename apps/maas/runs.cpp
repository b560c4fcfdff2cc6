// maas runs -- the runs in a folder, one a line.
//
// Reads   of each run its STATUS, resolved.yaml, env.json, metrics.jsonl and what model.pt says of
//         itself; neither data nor weights.
// Prints  a table: metric, time, size, and the settings in which the runs differ.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/json_writer.h"
#include "base/throw_error.h"
#include "command.h"
#include "evaluate/metrics.h"
#include "record/report_text.h"
#include "run_summary.h"

namespace maas {
namespace {

constexpr size_t kMostSettings = 4;  // that a line names
constexpr size_t kMostText = 24;     // of a value

// The metric that most runs have first.
std::string common_metric(const std::vector<RunSummary>& runs) {
  std::map<std::string, int> counts;
  for (const RunSummary& run : runs) ++counts[run.first_metric()];
  const auto most =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? "" : most->first;
}

class Runs : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("folder", folder_, "a folder of runs, at most three deep; runs by default");
    app.add_option("--sort", sort_, "the best by this metric first, instead of by name");
  }

  int run(Output& output) override {
    std::vector<std::string> unreadable;
    std::vector<RunSummary> runs = runs_below(folder_, unreadable);
    for (const std::string& line : unreadable) output.warn(line);
    const std::string metric = sort_.empty() ? common_metric(runs) : sort_;
    if (!sort_.empty()) sort_runs(runs);
    if (output.json()) {
      output.result(as_json(runs));
    } else if (runs.empty()) {
      output.say(fmt::format("no run in {}; `maas train CONFIG` makes one", folder_));
    } else {
      output.result(as_table(runs, metric));
    }
    return 0;
  }

 private:
  void sort_runs(std::vector<RunSummary>& runs) const {
    const bool any = std::any_of(runs.begin(), runs.end(), [&](const RunSummary& run) {
      return run.metrics.contains(sort_);
    });
    if (!any && !runs.empty()) {
      throw_usage("command line: --sort", fmt::format("no run has the metric '{}'", sort_),
                  fmt::format("one of {}", fmt::join(names_of(runs[0].metrics), ", ")),
                  "name another one");
    }
    const double worst = higher_is_better(sort_) ? -INFINITY : INFINITY;
    const auto value = [&](const RunSummary& run) {
      const auto found = run.metrics.find(sort_);
      return found == run.metrics.end() || std::isnan(found->second) ? worst : found->second;
    };
    std::stable_sort(runs.begin(), runs.end(), [&](const RunSummary& a, const RunSummary& b) {
      return higher_is_better(sort_) ? value(a) > value(b) : value(a) < value(b);
    });
  }

  static std::vector<std::string> names_of(const std::map<std::string, double>& metrics) {
    std::vector<std::string> names;
    for (const auto& [name, value] : metrics) names.push_back(name);
    return names;
  }

  std::string shown_name(const RunSummary& run) const {
    const auto inside = run.folder.lexically_relative(folder_);
    return inside.empty() || inside == "." ? run.folder.string() : inside.string();
  }

  // The settings of run `index` that differ from another run's.
  static std::string changes_of(const std::vector<SettingRow>& different, size_t index) {
    std::string text;
    size_t shown = 0;
    for (const SettingRow& row : different) {
      if (row.values[index].empty()) continue;
      if (shown++ == kMostSettings) break;
      std::string value = row.values[index];
      if (value.size() > kMostText) value = value.substr(0, kMostText - 3) + "...";
      text += fmt::format("{}{}={}", text.empty() ? "" : " ", row.name, value);
    }
    const auto all = std::count_if(different.begin(), different.end(), [&](const SettingRow& row) {
      return !row.values[index].empty();
    });
    if (static_cast<size_t>(all) > kMostSettings) {
      text += fmt::format(" and {} more", static_cast<size_t>(all) - kMostSettings);
    }
    return text;
  }

  static std::string value_text(const RunSummary& run, double value) {
    return fmt::format("{:.4f}{}", value, run.has_model() ? "" : "*");
  }

  std::string as_table(const std::vector<RunSummary>& runs, const std::string& metric) const {
    const std::vector<SettingRow> different = different_settings(runs);
    size_t width = 3;
    for (const RunSummary& run : runs) width = std::max(width, shown_name(run).size());
    std::string text = fmt::format("{:<{}}  {:<11}  {:>11}  {:>12}  {:>7}  {:>9}  {}\n", "run",
                                   width, "status", metric, "time", "steps", "model",
                                   different.empty() ? "" : "settings that differ");
    bool any_unfinished = false;
    for (size_t i = 0; i < runs.size(); ++i) {
      const RunSummary& run = runs[i];
      const auto found = run.metrics.find(metric);
      std::string line = fmt::format(
          "{:<{}}  {:<11}  {:>11}  {:>12}  {:>7}  {:>9}  {}", shown_name(run), width,
          run.status.substr(0, run.status.find(':')),
          found == run.metrics.end() ? "-" : value_text(run, found->second),
          run.seconds > 0 ? duration_text(run.seconds) : "-", run.steps,
          run.has_model() ? fmt::format("{:.2f} MB", static_cast<double>(run.model_bytes) / 1e6)
                          : "-",
          changes_of(different, i));
      text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
      any_unfinished |= found != run.metrics.end() && !run.has_model();
    }
    if (any_unfinished) text += "* no model.pt: the best on the validation rows\n";
    return text;
  }

  std::string as_json(const std::vector<RunSummary>& runs) const {
    const std::vector<SettingRow> different = different_settings(runs);
    JsonWriter json;
    json.begin_object().field("verb", "runs").field("folder", folder_).key("runs").begin_array();
    for (size_t i = 0; i < runs.size(); ++i) {
      const RunSummary& run = runs[i];
      json.begin_object().field("folder", run.folder.string()).field("status", run.status);
      json.field("started", run.started).field("seconds", run.seconds).field("steps", run.steps);
      json.field("model_bytes", run.model_bytes).field("metrics_of", run.judged());
      json.key("metrics").begin_object();
      for (const auto& [name, value] : run.metrics) json.field(name, value);
      json.end_object().key("settings").begin_object();
      for (const SettingRow& row : different) {
        if (!row.values[i].empty()) json.field(row.name, row.values[i]);
      }
      json.end_object().end_object();
    }
    json.end_array().end_object();
    return json.take();
  }

  std::string folder_ = "runs", sort_;
};

}  // namespace

std::unique_ptr<Command> make_runs() { return std::make_unique<Runs>(); }

}  // namespace maas
