#include "transform/transform_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "record/environment.h"
#include "record/report_text.h"

namespace maas {
namespace {

std::string size_text(int64_t bytes) {
  if (bytes >= 1'000'000) return fmt::format("{:.2f} MB", static_cast<double>(bytes) / 1e6);
  return fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3);
}

// "1.52 × faster", "1.12 × slower": a factor is never below 1.
std::string times_text(double before, double after, const char* word, const char* opposite) {
  if (!(before > 0) || !(after > 0)) return "–";
  return before >= after ? fmt::format("{:.2f} × {}", before / after, word)
                         : fmt::format("{:.2f} × {}", after / before, opposite);
}

ReportTable before_and_after(const TransformReport& report) {
  ReportTable table{.id = "comparison",
                    .title = "Before and after",
                    .columns = {"", "before", "after", "change"},
                    .rows = {}};
  const Measured &a = report.before, &b = report.after;
  if (!report.gate.metric.empty()) {
    table.note = fmt::format("Metrics are of {} {} samples, the judged one with its 95 % interval.",
                             grouped(b.samples), report.split);
  }
  const auto with_interval = [&](const std::string& name, const Measured& side) {
    const std::string text = metric_text(name, side.metrics.at(name));
    if (name != report.gate.metric || !side.interval) return text;
    return fmt::format("{} ({} to {})", text, metric_text(name, side.interval->low),
                       metric_text(name, side.interval->high));
  };
  for (const auto& [name, value] : a.metrics) {
    if (!b.metrics.contains(name)) continue;
    table.rows.push_back({name, with_interval(name, a), with_interval(name, b),
                          fmt::format("{:+.4f}", b.metrics.at(name) - value)});
  }
  const auto sizes = [&](const char* name, int64_t before, int64_t after, bool is_bytes) {
    const auto text = [&](int64_t n) { return is_bytes ? size_text(n) : grouped(n); };
    table.rows.push_back(
        {name, text(before), text(after),
         times_text(static_cast<double>(before), static_cast<double>(after), "smaller", "larger")});
  };
  sizes("parameters", a.parameters, b.parameters, false);
  sizes("file", a.bytes, b.bytes, true);
  sizes("multiply-adds", a.macs, b.macs, false);
  for (const auto& [batch, before] : a.latency) {
    const Latency after = b.latency.at(batch);
    table.rows.push_back({fmt::format("ms at batch {}, p50", batch),
                          fmt::format("{:.4g}", before.p50_ms), fmt::format("{:.4g}", after.p50_ms),
                          times_text(before.p50_ms, after.p50_ms, "faster", "slower")});
    table.rows.push_back({fmt::format("ms at batch {}, p90", batch),
                          fmt::format("{:.4g}", before.p90_ms), fmt::format("{:.4g}", after.p90_ms),
                          times_text(before.p90_ms, after.p90_ms, "faster", "slower")});
  }
  if (report.agreement) {
    table.rows.push_back({report.task == TaskKind::kRegression
                              ? "outputs as before, of their spread"
                              : "same answers as before",
                          "", fmt::format("{:.2f} %", 100 * *report.agreement), ""});
  }
  return table;
}

ReportTable layer_table(const TransformReport& report) {
  std::set<std::string> figures;
  for (const LayerChange& layer : report.layers) {
    for (const auto& [name, value] : layer.figures) figures.insert(name);
  }
  ReportTable table{.id = "layers",
                    .title = "Layers",
                    .columns = {"layer", "operator", "before", "after"},
                    .rows = {}};
  table.columns.insert(table.columns.end(), figures.begin(), figures.end());
  table.columns.emplace_back("note");
  for (const LayerChange& layer : report.layers) {
    std::vector<std::string> row = {layer.name, layer.op, layer.before, layer.after};
    for (const std::string& name : figures) {
      const auto found = layer.figures.find(name);
      row.push_back(found == layer.figures.end() ? "–" : fmt::format("{:.4g}", found->second));
    }
    row.push_back(layer.note);
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string markdown(const ReportTable& table) {
  if (table.rows.empty()) return "";
  const auto line = [](const std::vector<std::string>& cells) {
    std::string text = "|";
    for (std::string cell : cells) {
      for (size_t at = 0; (at = cell.find('|', at)) != cell.npos; at += 2) cell.insert(at, "\\");
      text += " " + cell + " |";
    }
    return text + "\n";
  };
  std::string text = "## " + table.title + "\n\n";
  if (!table.note.empty()) text += table.note + "\n\n";
  text += line(table.columns) + line(std::vector<std::string>(table.columns.size(), "---"));
  for (const auto& row : table.rows) text += line(row);
  return text + "\n";
}

std::string gate_text(const TransformReport& report) {
  const GateResult& gate = report.gate;
  if (gate.metric.empty()) return "The gate is not judged: the model remembers no data.";
  return fmt::format("Gate: {} may become worse by {:g}{}, and became {}: {}.", gate.metric,
                     gate.max_drop, gate.of_what(), gate.became(), gate.is_met ? "met" : "NOT met");
}

void write_pair(JsonWriter& json, const char* name, int64_t before, int64_t after) {
  json.key(name).begin_object().field("before", before).field("after", after).end_object();
}

void write_layers(JsonWriter& json, const std::vector<LayerChange>& layers) {
  json.key("layers").begin_array();
  for (const LayerChange& layer : layers) {
    json.begin_object().field("name", layer.name).field("operator", layer.op);
    json.field("before", layer.before).field("after", layer.after);
    for (const auto& [name, value] : layer.figures) json.field(name, value);
    if (!layer.note.empty()) json.field("note", layer.note);
    json.end_object();
  }
  json.end_array();
}

void write_metric(JsonWriter& json, const TransformReport& report) {
  const GateResult& gate = report.gate;
  if (gate.metric.empty()) return;
  json.key("metric").begin_object().field("name", gate.metric);
  json.field("before", gate.before).field("after", gate.after);
  json.field("samples", report.after.samples).field("split", report.split);
  if (report.after.interval) {
    json.key("interval").begin_array().value(report.after.interval->low);
    json.value(report.after.interval->high).end_array();
  }
  json.end_object().key("metrics").begin_object();
  for (const auto& [name, value] : report.after.metrics) json.field(name, value);
  json.end_object().key("gate").begin_object().field("max_drop", gate.max_drop);
  json.field("drop", gate.drop).field("met", gate.is_met).end_object();
}

}  // namespace

void write_report(JsonWriter& json, const TransformReport& report) {
  json.field("parent", report.parent_name).field("parent_digest", report.parent_digest);
  json.field("change", report.change);
  write_metric(json, report);
  write_pair(json, "parameters", report.before.parameters, report.after.parameters);
  write_pair(json, "bytes", report.before.bytes, report.after.bytes);
  write_pair(json, "macs", report.before.macs, report.after.macs);
  json.key("latency_ms").begin_object();
  for (const auto& [batch, before] : report.before.latency) {
    const Latency after = report.after.latency.at(batch);
    json.key(std::to_string(batch)).begin_object().field("before", before.p50_ms);
    json.field("after", after.p50_ms).field("before_p90", before.p90_ms);
    json.field("after_p90", after.p90_ms).end_object();
  }
  json.end_object();
  if (report.agreement) json.field("agreement", *report.agreement);
  write_layers(json, report.layers);
  json.key("notes").begin_array();
  for (const std::string& note : report.notes) json.value(note);
  json.end_array().field("seconds", report.seconds);
}

std::string report_text(const TransformReport& report) {
  std::string text;
  for (const auto& row : before_and_after(report).rows) {
    text += fmt::format("  {:<24} {:>28}  {:>28}  {}\n", row[0], row[1], row[2], row[3]);
  }
  return text + "  " + gate_text(report) + "\n";
}

std::string no_gain_text(const TransformReport& report) {
  const Measured &before = report.before, &after = report.after;
  std::vector<std::string> parts, times;
  for (const auto& [batch, was] : before.latency) {
    const double is = after.latency.at(batch).p50_ms;
    if (!(is > 1.05 * was.p50_ms)) break;
    times.push_back(fmt::format("{:.4g} ms instead of {:.4g} at batch {}", is, was.p50_ms, batch));
  }
  if (!times.empty() && times.size() == before.latency.size()) {
    parts.push_back(fmt::format("is slower: {}", fmt::join(times, ", ")));
  }
  if (after.bytes > before.bytes) {
    parts.push_back(fmt::format("has a larger file: {} instead of {}", size_text(after.bytes),
                                size_text(before.bytes)));
  }
  if (parts.empty()) return "";
  return fmt::format("{}: the result {}", report.verb, fmt::join(parts, "; and it "));
}

std::vector<ReportTable> report_tables(const TransformReport& report) {
  return {before_and_after(report), layer_table(report)};
}

std::string report_markdown(const TransformReport& report) {
  std::string text = fmt::format("# maas {}: {}\n\n{}\n\nParent: `{}`, SHA-256 `{}`.\n\n{}\n\n",
                                 report.verb, report.parent_name, report.change, report.parent_name,
                                 report.parent_digest, gate_text(report));
  for (const std::string& note : report.notes) text += "- " + note + "\n";
  if (!report.notes.empty()) text += "\n";
  return text + markdown(before_and_after(report)) + markdown(layer_table(report));
}

std::string transform_report_html(const TransformReport& report, const Manifest& manifest,
                                  const std::string& model_path) {
  ReportData data;
  data.name =
      fmt::format("{} {}", report.verb, manifest.name.empty() ? report.parent_name : manifest.name);
  data.subtitle = report.change + "; " + gate_text(report);
  data.warnings = report.notes;
  data.tables = report_tables(report);
  data.environment = environment_facts();
  data.data_facts = {{"parent", report.parent_name}, {"parent SHA-256", report.parent_digest}};
  data.resolved_yaml = manifest.resolved_config;
  data.commands = {{"maas eval " + model_path, "measure it again"},
                   {"maas inspect " + model_path, "layers, sizes, lineage"},
                   {"maas serve " + model_path + " --port 8000", "answer requests"}};
  return report_html(data);
}

}  // namespace maas
