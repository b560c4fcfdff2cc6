#include "tune_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/json_writer.h"
#include "evaluate/metrics.h"
#include "record/report.h"
#include "record/report_text.h"

namespace maas {
namespace {

struct Importance {
  std::string setting;
  double share = 0;
};

// By the trials of the first round, which are all that had the same epochs.
std::vector<Importance> importance_of(const TuneFindings& found) {
  std::vector<double> values;
  std::vector<std::vector<std::string>> drawn(found.space.size());
  for (const TunedTrial& trial : found.trials) {
    if (trial.round != 0 || std::isnan(trial.value)) continue;
    values.push_back(trial.value);
    for (size_t s = 0; s < found.space.size(); ++s) {
      drawn[s].push_back(trial.settings.at(found.space[s].setting));
    }
  }
  const std::vector<double> shares = setting_importance(found.space, drawn, values);
  std::vector<Importance> importance;
  for (size_t s = 0; s < shares.size(); ++s) {
    importance.push_back({found.space[s].setting, shares[s]});
  }
  std::stable_sort(importance.begin(), importance.end(),
                   [](const auto& a, const auto& b) { return a.share > b.share; });
  return importance;
}

// The longer a trial was trained, and then the better, the earlier it stands.
std::vector<TunedTrial> in_order_of_merit(const TuneFindings& found) {
  std::vector<TunedTrial> trials = found.trials;
  const bool up = higher_is_better(found.metric);
  std::stable_sort(trials.begin(), trials.end(), [&](const TunedTrial& a, const TunedTrial& b) {
    if (a.round != b.round) return a.round > b.round;
    if (std::isnan(a.value) || std::isnan(b.value)) return !std::isnan(a.value);
    return up ? a.value > b.value : a.value < b.value;
  });
  return trials;
}

std::string value_text(const TunedTrial& trial) {
  return std::isnan(trial.value) ? "failed" : fmt::format("{:.4f}", trial.value);
}

// {"a": {"b": "1"}} of {"a.b", "1"}.
struct Tree {
  std::string value;
  std::map<std::string, Tree> inner;
};

std::string flow(const Tree& tree) {
  if (tree.inner.empty()) return tree.value;
  std::string text;
  for (const auto& [name, inner] : tree.inner) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", name, flow(inner));
  }
  return "{" + text + "}";
}

}  // namespace

std::string settings_text(const std::map<std::string, std::string>& settings) {
  std::string text;
  for (const auto& [name, value] : settings) {
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, value);
  }
  return text;
}

std::string nested_settings(const std::vector<std::string>& settings) {
  Tree root;
  for (const std::string& setting : settings) {
    const size_t equals = setting.find('=');
    Tree* at = &root;
    for (size_t begin = 0; begin < equals;) {
      const size_t dot = std::min(setting.find('.', begin), equals);
      at = &at->inner[setting.substr(begin, dot - begin)];
      begin = dot + 1;
    }
    at->inner.clear();
    at->value = setting.substr(equals + 1);
  }
  std::string text;
  for (const auto& [name, inner] : root.inner) text += name + ": " + flow(inner) + "\n";
  return text;
}

std::string tune_text(const TuneFindings& found, const std::string& config) {
  std::string text = fmt::format("best: {} {:.4f} with {}\n", found.metric, found.best.value,
                                 settings_text(found.best.settings));
  for (const Importance& one : importance_of(found)) {
    text += fmt::format("  {:<32} explains {:>3.0f} % of the differences\n", one.setting,
                        100 * one.share);
  }
  return text + "written to " + config + "\n";
}

std::string tune_json(const TuneFindings& found, const std::string& config) {
  JsonWriter json;
  json.begin_object().field("verb", "tune").field("config", config).field("metric", found.metric);
  json.field("value", found.best.value).field("trial", found.best.trial + 1);
  json.key("settings").begin_object();
  for (const auto& [name, value] : found.best.settings) json.field(name, value);
  json.end_object().key("importance").begin_object();
  for (const Importance& one : importance_of(found)) json.field(one.setting, one.share);
  json.end_object().field("trainings", static_cast<int64_t>(found.trials.size())).end_object();
  return json.take();
}

std::string tune_report_html(const TuneFindings& found) {
  ReportData data;
  data.name = found.name + ": search of settings";
  data.subtitle = fmt::format("{} trainings; the best has {} {:.4f} on validation rows: {}",
                              found.trials.size(), found.metric, found.best.value,
                              settings_text(found.best.settings));
  ReportTable importance{
      .id = "importance",
      .title = "What matters",
      .note =
          "How much of the differences between the trials of the first round a setting "
          "explains by itself (adjusted R squared over ranks; settings that only matter "
          "together have little).",
      .columns = {"setting", "share"},
      .rows = {}};
  for (const Importance& one : importance_of(found)) {
    importance.rows.push_back({one.setting, fmt::format("{:.0f} %", 100 * one.share)});
  }
  ReportTable trials{.id = "trials",
                     .title = "Trials",
                     .columns = {"round", "epochs", "trial", found.metric, "time"},
                     .rows = {}};
  for (const SearchRange& range : found.space) trials.columns.push_back(range.setting);
  for (const TunedTrial& trial : in_order_of_merit(found)) {
    std::vector<std::string> row = {std::to_string(trial.round + 1), std::to_string(trial.epochs),
                                    std::to_string(trial.trial + 1), value_text(trial),
                                    duration_text(trial.seconds)};
    for (const SearchRange& range : found.space) row.push_back(trial.settings.at(range.setting));
    trials.rows.push_back(std::move(row));
    if (!trial.error.empty()) {
      data.warnings.push_back(fmt::format("trial {}: {}", trial.trial + 1, trial.error));
    }
  }
  data.tables = {importance, trials};
  return report_html(data);
}

}  // namespace maas
