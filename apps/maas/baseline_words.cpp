#include "baseline_words.h"

#include <fmt/format.h>

namespace maas {

std::vector<std::string> baseline_lines(const std::vector<Baseline>& baselines,
                                        const std::string& held_out,
                                        const std::vector<std::string>& metrics) {
  std::vector<std::string> lines;
  for (const Baseline& baseline : baselines) {
    std::string line = fmt::format("beside it, on the {} rows: {}", held_out, baseline.name);
    for (const auto& [name, value] : in_order(baseline.metrics.values, metrics)) {
      line += fmt::format(" {} {:.4f}", name, value);
    }
    if (!baseline.note.empty()) line += fmt::format(" ({})", baseline.note);
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<ReportTable> baseline_tables(const std::vector<Baseline>& baselines,
                                         const Metrics& model, const std::string& held_out,
                                         const std::vector<std::string>& metrics) {
  if (baselines.empty()) return {};
  ReportTable table{.id = "baselines", .title = "Beside simple models", .columns = {}, .rows = {}};
  table.note =
      fmt::format("On the same {} rows. The network earns its place where it is better.", held_out);
  table.columns = {"model"};
  std::vector<std::string> own = {"this model"};
  for (const auto& [name, value] : in_order(model.values, metrics)) {
    table.columns.push_back(name);
    own.push_back(fmt::format("{:.4f}", value));
  }
  table.rows.push_back(own);
  for (const Baseline& baseline : baselines) {
    std::vector<std::string> row = {baseline.note.empty() ? baseline.name
                                                          : baseline.name + ", " + baseline.note};
    for (const auto& [name, value] : in_order(model.values, metrics)) {
      const auto found = baseline.metrics.values.find(name);
      row.push_back(found == baseline.metrics.values.end() ? "–"
                                                           : fmt::format("{:.4f}", found->second));
    }
    table.rows.push_back(std::move(row));
  }
  return {table};
}

void write_baselines(JsonWriter& json, const std::vector<Baseline>& baselines,
                     const std::vector<std::string>& metrics) {
  json.key("baselines").begin_array();
  for (const Baseline& baseline : baselines) {
    json.begin_object().field("name", baseline.name).key("metrics").begin_object();
    for (const auto& [name, value] : in_order(baseline.metrics.values, metrics)) {
      json.field(name, value);
    }
    json.end_object();
    if (!baseline.note.empty()) json.field("note", baseline.note);
    json.end_object();
  }
  json.end_array();
}

}  // namespace maas
