// maas runs compare -- runs side by side.
//
// Reads   what maas runs reads of each.
// Writes  with -o a page that works offline: settings, metrics, curves.
// Prints  the settings that differ, the metrics, and how the first metric went.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <numeric>
#include <tuple>

#include "base/files.h"
#include "base/json_writer.h"
#include "base/throw_error.h"
#include "command.h"
#include "evaluate/metrics.h"
#include "record/report.h"
#include "record/report_text.h"
#include "run_summary.h"

namespace maas {
namespace {

using Cells = std::vector<std::string>;

struct Grid {
  Cells head;
  std::vector<Cells> rows;
};

std::string number_text(double value) {
  return std::isnan(value) ? "-" : fmt::format("{:.4f}", value);
}

double value_of(const RunSummary& run, const std::string& metric) {
  const auto found = run.metrics.find(metric);
  return found == run.metrics.end() ? std::numeric_limits<double>::quiet_NaN() : found->second;
}

// From the epoch on at which each fold has a value, the mean of what each had last: a fold that
// stops early keeps its own.
LineChart::Line mean_of(const std::vector<LineChart::Line>& folds) {
  std::vector<std::tuple<double, size_t, double>> points;  // epoch, fold, value
  for (size_t fold = 0; fold < folds.size(); ++fold) {
    for (const auto& [epoch, value] : folds[fold].points) points.emplace_back(epoch, fold, value);
  }
  std::sort(points.begin(), points.end());
  LineChart::Line mean;
  std::vector<double> latest(folds.size(), std::numeric_limits<double>::quiet_NaN());
  for (size_t i = 0; i < points.size(); ++i) {
    const auto& [epoch, fold, value] = points[i];
    latest[fold] = value;
    if (i + 1 < points.size() && std::get<0>(points[i + 1]) - epoch < 1e-9) continue;
    const double sum = std::accumulate(latest.begin(), latest.end(), 0.0);
    if (std::isnan(sum)) continue;
    mean.points.emplace_back(epoch, sum / static_cast<double>(folds.size()));
  }
  return mean;
}

// A metric over the training, of one split.
LineChart::Line curve_of(const RunSummary& run, const std::string& metric,
                         const std::string& split) {
  std::vector<LineChart::Line> folds;  // one where there are none
  for (const ReportSeries& series : report_curves(run.log)) {
    if (series.metric != metric || series.split != split) continue;
    auto& points = folds.emplace_back().points;
    for (size_t i = 0; i < series.values.size(); ++i) {
      if (std::isfinite(series.values[i])) points.emplace_back(series.epochs[i], series.values[i]);
    }
  }
  LineChart::Line line = folds.size() == 1 ? folds[0] : mean_of(folds);
  line.name = run.folder.filename().string();
  return line;
}

// What the curve was at `epoch`: the last point up to there.
double at_epoch(const LineChart::Line& line, double epoch) {
  double value = std::numeric_limits<double>::quiet_NaN();
  for (const auto& [x, y] : line.points) {
    if (x <= epoch + 1e-9) value = y;
  }
  return value;
}

std::string text_of(const Grid& grid) {
  if (grid.rows.empty()) return "";
  std::vector<size_t> widths(grid.head.size());
  std::vector<Cells> all = {grid.head};
  all.insert(all.end(), grid.rows.begin(), grid.rows.end());
  for (const Cells& row : all) {
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::string text;
  for (const Cells& row : all) {
    std::string line;
    for (size_t c = 0; c < row.size(); ++c) {
      line += c == 0 ? fmt::format("{:<{}}", row[c], widths[c])
                     : fmt::format("  {:>{}}", row[c], widths[c]);
    }
    text += "  " + line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

class RunsCompare : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("runs", folders_, "folders of two runs or more")->required();
    app.add_option("-o,--output", output_, "write a page (.html) as well");
    app.add_flag("--force", force_, "replace an existing file");
  }

  int run(Output& output) override {
    if (folders_.size() < 2) {
      throw_usage("command line", "one run", "two or more", "name another one");
    }
    std::error_code ignored;
    if (!output_.empty() && !force_ && std::filesystem::exists(output_, ignored)) {
      throw_usage("command line: -o", fmt::format("'{}' exists", output_), "a new file",
                  "name another one, or give --force");
    }
    for (const std::string& folder : folders_) runs_.push_back(read_run(folder));
    if (!output_.empty()) write_file_atomically(output_, page());
    output.result(output.json() ? as_json() : as_text());
    if (!output_.empty()) output.say("page: " + output_);
    return 0;
  }

 private:
  Cells names() const {
    Cells names;
    for (const RunSummary& run : runs_) names.push_back(run.folder.filename().string());
    const bool same = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return std::count(names.begin(), names.end(), name) > 1;
    });
    return same ? folders_ : names;
  }

  Cells head(const std::string& first) const {
    Cells cells = {first};
    for (const std::string& name : names()) cells.push_back(name);
    return cells;
  }

  Grid settings() const {
    Grid grid{head("setting"), {}};
    for (const SettingRow& row : different_settings(runs_)) {
      Cells cells = {row.name};
      for (const std::string& value : row.values) cells.push_back(value.empty() ? "-" : value);
      grid.rows.push_back(std::move(cells));
    }
    return grid;
  }

  std::vector<std::string> metric_names() const {
    std::vector<std::string> names;
    for (const RunSummary& run : runs_) {
      for (const auto& [name, value] : in_order(run.metrics, run.metric_names)) {
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
      }
    }
    return names;
  }

  Grid results() const {
    Grid grid{head("result"), {}};
    const auto add = [&](const std::string& name, const auto& text_of_run) {
      Cells cells = {name};
      for (const RunSummary& run : runs_) cells.push_back(text_of_run(run));
      grid.rows.push_back(std::move(cells));
    };
    for (const std::string& name : metric_names()) {
      add(name, [&](const RunSummary& run) { return number_text(value_of(run, name)); });
    }
    const bool any_unfinished =
        std::ranges::any_of(runs_, [](const RunSummary& run) { return !run.has_model(); });
    if (any_unfinished) add("metrics of", [](const RunSummary& run) { return run.judged(); });
    add("time", [](const RunSummary& run) { return duration_text(run.seconds); });
    add("steps", [](const RunSummary& run) { return grouped(run.steps); });
    add("model", [](const RunSummary& run) {
      return run.has_model() ? fmt::format("{:.2f} MB", static_cast<double>(run.model_bytes) / 1e6)
                             : std::string("-");
    });
    add("status", [](const RunSummary& run) { return run.status.substr(0, run.status.find(':')); });
    return grid;
  }

  // The first metric, or without validation the loss, at ten moments.
  Grid curves() const {
    const std::string metric = runs_[0].first_metric();
    std::vector<LineChart::Line> lines;
    double last = 0;
    std::string title = metric + " (validation)";
    for (const char* split : {"validation", "train"}) {
      const bool by_loss = std::string(split) == "train";
      if (by_loss) title = "loss (train)";
      lines.clear();
      for (const RunSummary& run : runs_) {
        lines.push_back(curve_of(run, by_loss ? "loss" : metric, split));
        if (!lines.back().points.empty()) last = std::max(last, lines.back().points.back().first);
      }
      if (last > 0) break;
    }
    Grid grid{head("epoch"), {}};
    for (int tenth = 1; tenth <= 10 && last > 0; ++tenth) {
      const double epoch = std::max(1.0, std::round(last * tenth / 10));
      Cells cells = {fmt::format("{:g}", epoch)};
      for (const LineChart::Line& line : lines) cells.push_back(number_text(at_epoch(line, epoch)));
      if (grid.rows.empty() || grid.rows.back()[0] != cells[0]) grid.rows.push_back(cells);
    }
    grid.head[0] = title + " at epoch";
    return grid;
  }

  std::string as_text() const {
    const std::string differ = text_of(settings());
    return (differ.empty() ? "all settings are the same\n" : differ) + "\n" + text_of(results()) +
           "\n" + text_of(curves());
  }

  std::string as_json() const {
    JsonWriter json;
    json.begin_object().field("verb", "runs compare").key("runs").begin_array();
    for (const RunSummary& run : runs_) {
      json.begin_object().field("folder", run.folder.string()).field("status", run.status);
      json.field("seconds", run.seconds).field("steps", run.steps);
      json.field("model_bytes", run.model_bytes).field("metrics_of", run.judged());
      json.key("metrics").begin_object();
      for (const auto& [name, value] : run.metrics) json.field(name, value);
      json.end_object().end_object();
    }
    json.end_array().key("settings").begin_object();
    for (const SettingRow& row : different_settings(runs_)) {
      json.key(row.name).begin_array();
      for (const std::string& value : row.values) json.value(value);
      json.end_array();
    }
    json.end_object().end_object();
    return json.take();
  }

  std::string page() const {
    ReportData data;
    data.name = "Runs compared";
    for (const std::string& folder : folders_) {
      data.subtitle += (data.subtitle.empty() ? "" : ", ") + folder;
    }
    const auto table = [&](const char* id, const char* title, Grid grid) {
      data.tables.push_back({.id = id,
                             .title = title,
                             .columns = std::move(grid.head),
                             .rows = std::move(grid.rows)});
    };
    table("results", "Results", results());
    table("settings", "Settings that differ", settings());
    std::vector<std::pair<std::string, std::string>> wanted = {{"loss", "train"}};
    for (const std::string& name : metric_names()) wanted.emplace_back(name, "validation");
    for (const auto& [metric, split] : wanted) {
      LineChart chart{
          .title = fmt::format("{} ({})", metric, split), .x_label = "epoch", .y_label = metric};
      for (const RunSummary& run : runs_) chart.lines.push_back(curve_of(run, metric, split));
      const Cells shown = names();
      for (size_t i = 0; i < shown.size(); ++i) chart.lines[i].name = shown[i];
      const bool any = std::any_of(chart.lines.begin(), chart.lines.end(),
                                   [](const auto& line) { return !line.points.empty(); });
      if (any) data.charts.push_back(std::move(chart));
    }
    return report_html(data);
  }

  std::vector<std::string> folders_;
  std::vector<RunSummary> runs_;
  std::string output_;
  bool force_ = false;
};

}  // namespace

std::unique_ptr<Command> make_runs_compare() { return std::make_unique<RunsCompare>(); }

}  // namespace maas
