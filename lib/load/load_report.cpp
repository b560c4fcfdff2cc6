#include "load/load_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace maas {
namespace {

struct Percentile {
  const char *title, *key;
  double share;  // above 1: the longest
};
constexpr std::array<Percentile, 6> kPercentiles = {{{"p50 ms", "p50", 0.5},
                                                     {"p90 ms", "p90", 0.9},
                                                     {"p95 ms", "p95", 0.95},
                                                     {"p99 ms", "p99", 0.99},
                                                     {"p99.9 ms", "p99_9", 0.999},
                                                     {"max ms", "max", 2}}};

double ms(std::chrono::nanoseconds time) { return static_cast<double>(time.count()) / 1e6; }

double latency_ms(const Latencies& latencies, const Percentile& percentile) {
  return ms(percentile.share > 1 ? latencies.max() : latencies.quantile(percentile.share));
}

double offered(const LoadResult& result) {
  return result.seconds > 0 ? static_cast<double>(result.sent) / result.seconds : 0;
}

std::string number(double value) {
  return value < 10 ? fmt::format("{:.3f}", value)
                    : fmt::format("{:.{}f}", value, value < 1000 ? 1 : 0);
}

// "503: 12, timed out: 3".
std::string errors_text(const LoadResult& result) {
  std::vector<std::string> texts;
  for (const auto& [status, count] : result.bad)
    texts.push_back(fmt::format("{}: {}", status, count));
  for (const auto& [why, count] : result.failures)
    texts.push_back(fmt::format("{}: {}", why, count));
  std::string text = fmt::format("{}", fmt::join(texts, ", "));
  if (result.refusals.count() > 0) {
    text += fmt::format("; answered after {} ms, p99 {}", number(ms(result.refusals.quantile(0.5))),
                        number(ms(result.refusals.quantile(0.99))));
  }
  return text;
}

std::string void_text(const LoadResult& result) {
  const std::string why = result.why_void();
  if (why.empty()) return "";
  if (!result.open_loop) return "void: " + why;
  return fmt::format("void: {} (p99 {} ms)", why, number(ms(result.lateness.quantile(0.99))));
}

std::vector<std::string> columns(bool several) {
  std::vector<std::string> names = {"load"};
  if (several) names.insert(names.begin(), "server");
  names.insert(names.end(), {"sent/s", "good/s"});
  for (const Percentile& percentile : kPercentiles) names.emplace_back(percentile.title);
  names.emplace_back("errors");
  return names;
}

std::vector<std::string> cells(const LoadReport& report, const LoadPoint& point, size_t server) {
  const LoadResult& result = point.results[server];
  std::vector<std::string> texts = {point.text()};
  if (report.servers.size() > 1) texts.insert(texts.begin(), report.servers[server]);
  texts.insert(texts.end(), {number(offered(result)), number(result.throughput())});
  for (const Percentile& percentile : kPercentiles) {
    texts.push_back(result.good == 0 ? "-" : number(latency_ms(result.latency, percentile)));
  }
  texts.push_back(fmt::format("{}", result.errors()));
  return texts;
}

void append_row(std::string& table, const std::vector<std::string>& texts,
                const std::vector<size_t>& widths, size_t left) {
  for (size_t i = 0; i < texts.size(); ++i) {
    table += i < left ? fmt::format("{:<{}}", texts[i], widths[i])
                      : fmt::format("{:>{}}", texts[i], widths[i]);
    table += i + 1 < texts.size() ? "  " : "\n";
  }
}

void write_result(JsonWriter& json, const LoadPoint& point, const LoadResult& result) {
  json.field("seconds", result.seconds).field("sent", static_cast<int64_t>(result.sent));
  json.field("good", static_cast<int64_t>(result.good));
  json.field("offered_per_s", offered(result)).field("throughput_per_s", result.throughput());
  json.field("answer_bytes", static_cast<int64_t>(result.bytes_in));
  json.key("latency_ms").begin_object().field("mean", ms(result.latency.mean()));
  for (const Percentile& percentile : kPercentiles) {
    json.field(percentile.key, latency_ms(result.latency, percentile));
  }
  json.end_object().key("refusal_ms").begin_object();
  if (result.refusals.count() > 0) {
    for (const Percentile& percentile : kPercentiles) {
      json.field(percentile.key, latency_ms(result.refusals, percentile));
    }
  }
  json.end_object().key("errors").begin_object();
  for (const auto& [status, count] : result.bad) {
    json.field(std::to_string(status), static_cast<int64_t>(count));
  }
  for (const auto& [why, count] : result.failures) json.field(why, static_cast<int64_t>(count));
  json.end_object().field("client_busy", result.client_busy);
  if (point.plan.arrivals != Arrivals::kClosed) {
    json.field("lateness_p99_ms", ms(result.lateness.quantile(0.99)));
  }
  const std::string why = result.why_void();
  json.field("void", !why.empty());
  if (!why.empty()) json.field("void_because", why);
}

}  // namespace

std::string load_table(const LoadReport& report) {
  const size_t left = report.servers.size() > 1 ? 2 : 1;
  std::vector<std::vector<std::string>> rows = {columns(left > 1)};
  std::vector<std::string> notes = {""};
  for (const LoadPoint& point : report.points) {
    for (size_t i = 0; i < report.servers.size(); ++i) {
      rows.push_back(cells(report, point, i));
      std::string note;
      for (const std::string& text : {errors_text(point.results[i]), void_text(point.results[i])}) {
        if (!text.empty()) note += "  " + text + "\n";
      }
      notes.push_back(note);
    }
  }
  std::vector<size_t> widths(rows[0].size());
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string table;
  for (size_t i = 0; i < rows.size(); ++i) {
    append_row(table, rows[i], widths, left);
    table += notes[i];
  }
  table.pop_back();
  return table;
}

void write_load(JsonWriter& json, const LoadReport& report) {
  json.field("request", report.request).key("results").begin_array();
  for (const LoadPoint& point : report.points) {
    for (size_t i = 0; i < report.servers.size(); ++i) {
      json.begin_object().field("server", report.servers[i]).field("load", point.text());
      const bool closed = point.plan.arrivals == Arrivals::kClosed;
      json.field("loop", closed ? "closed" : "open").field("connections", point.plan.connections);
      if (!closed) json.field("rate", point.plan.rate);
      write_result(json, point, point.results[i]);
      json.end_object();
    }
  }
  json.end_array();
}

LineChart load_chart(const LoadReport& report) {
  LineChart chart{.title = "Latency by throughput",
                  .x_label = "good answers a second",
                  .y_label = "ms",
                  .logarithmic = true};
  // Rates make a curve; clients who wait make one of their own.
  const auto is_open = [](const LoadPoint& point) {
    return point.plan.arrivals != Arrivals::kClosed;
  };
  const bool open = std::any_of(report.points.begin(), report.points.end(), is_open);
  for (size_t i = 0; i < report.servers.size(); ++i) {
    for (const Percentile& percentile : kPercentiles) {
      if (percentile.share != 0.5 && percentile.share != 0.99) continue;
      LineChart::Line line{report.servers.size() > 1
                               ? fmt::format("{} {}", report.servers[i], percentile.key)
                               : percentile.key,
                           {}};
      for (const LoadPoint& point : report.points) {
        const LoadResult& result = point.results[i];
        if (result.good == 0 || is_open(point) != open) continue;
        line.points.emplace_back(result.throughput(), latency_ms(result.latency, percentile));
      }
      chart.lines.push_back(std::move(line));
    }
  }
  return chart;
}

ReportData load_page(const LoadReport& report) {
  ReportData page;
  page.name = "Load";
  page.subtitle = fmt::format("{}; {}", fmt::join(report.servers, ", "), report.request);
  double best = 0;
  ReportTable table{
      .id = "load",
      .title = "Loads",
      .note =
          "good/s: answers of status 2xx within the measured seconds. Latencies are of these, "
          "from the time at which the request was to be sent.",
      .columns = columns(report.servers.size() > 1),
      .rows = {}};
  for (const LoadPoint& point : report.points) {
    for (size_t i = 0; i < report.servers.size(); ++i) {
      const LoadResult& result = point.results[i];
      best = std::max(best, result.throughput());
      table.rows.push_back(cells(report, point, i));
      for (const std::string& text : {errors_text(result), void_text(result)}) {
        if (text.empty()) continue;
        page.warnings.push_back(fmt::format("{}, {}: {}", report.servers[i], point.text(), text));
      }
    }
  }
  page.headlines.push_back({"most good answers a second", number(best)});
  page.tables.push_back(std::move(table));
  page.charts.push_back(load_chart(report));
  return page;
}

}  // namespace maas
