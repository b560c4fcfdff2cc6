#include "tune_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

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

struct Importances {
  std::vector<Importance> settings;  // the most important first
  std::string doubt;                 // "" = there were trials enough
};

// Of fewer trials for each setting, chance explains about as much as a setting that matters.
constexpr size_t kTrialsForASetting = 5;

// By the trials of the first round, which are all that had the same epochs.
Importances importance_of(const TuneFindings& found) {
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
  // Each is told by itself, and what two of them explain in the same few trials is counted twice.
  const double sum = std::max(1.0, std::accumulate(shares.begin(), shares.end(), 0.0));
  Importances importance;
  for (size_t s = 0; s < shares.size(); ++s) {
    importance.settings.push_back({found.space[s].setting, shares[s] / sum});
  }
  std::ranges::stable_sort(importance.settings, std::greater(), &Importance::share);
  if (values.size() < kTrialsForASetting * found.space.size()) {
    importance.doubt = fmt::format(
        "{} trial{} of the first round {} few for {} setting{}: chance explains as much",
        values.size(), values.size() == 1 ? "" : "s", values.size() == 1 ? "is" : "are",
        found.space.size(), found.space.size() == 1 ? "" : "s");
  }
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
  const Importances importance = importance_of(found);
  for (const Importance& one : importance.settings) {
    text += fmt::format("  {:<32} explains {:>3.0f} % of the differences\n", one.setting,
                        100 * one.share);
  }
  if (!importance.doubt.empty()) text += fmt::format("  {}\n", importance.doubt);
  return text + "written to " + config + "\n";
}

std::string tune_json(const TuneFindings& found, const std::string& config) {
  JsonWriter json;
  json.begin_object().field("verb", "tune").field("config", config).field("metric", found.metric);
  json.field("value", found.best.value).field("trial", found.best.trial + 1);
  json.key("settings").begin_object();
  for (const auto& [name, value] : found.best.settings) json.field(name, value);
  json.end_object().key("importance").begin_object();
  const Importances importance = importance_of(found);
  for (const Importance& one : importance.settings) json.field(one.setting, one.share);
  json.end_object();
  if (!importance.doubt.empty()) json.field("importance_note", importance.doubt);
  json.field("trainings", static_cast<int64_t>(found.trials.size())).end_object();
  return json.take();
}

std::string tune_report_html(const TuneFindings& found) {
  ReportData data;
  data.name = found.name + ": search of settings";
  data.subtitle = fmt::format("{} training{}; the best has {} {:.4f} on validation rows: {}",
                              found.trials.size(), found.trials.size() == 1 ? "" : "s",
                              found.metric, found.best.value, settings_text(found.best.settings));
  const Importances by_setting = importance_of(found);
  ReportTable importance{
      .id = "importance",
      .title = "What matters",
      .note =
          "How much of the differences between the trials of the first round a setting "
          "explains by itself (adjusted R squared over ranks; settings that only matter "
          "together have little).",
      .columns = {"setting", "share"},
      .rows = {}};
  if (!by_setting.doubt.empty()) importance.note += fmt::format(" {}.", by_setting.doubt);
  for (const Importance& one : by_setting.settings) {
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
