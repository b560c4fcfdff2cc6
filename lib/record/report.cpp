#include "record/report.h"

#include <algorithm>
#include <utility>

#include "record/report_assets.h"
#include "record/report_json.h"
#include "record/report_sections.h"
#include "record/report_text.h"

namespace maas {
namespace {

struct Part {
  std::string id, title, html;  // id and title for the bar at the top
};

std::string navigation(const ReportData& data, const std::vector<Part>& parts) {
  std::string links = "<a href=\"#top\">Overview</a>";
  for (const Part& part : parts) {
    if (part.html.empty()) continue;
    links += "<a href=\"#" + part.id + "\">" + part.title + "</a>";
  }
  return "<a class=\"skip\" href=\"#top\">Skip to the report</a>\n<nav "
         "aria-label=\"sections\"><div>"
         "<strong>" +
         html_escape(data.name) + "</strong>" + links +
         "<button id=\"theme\" type=\"button\">Dark</button></div></nav>\n";
}

std::string overview(const ReportData& data) {
  const std::string on = data.evaluated_on.empty() || data.metrics.samples == 0
                             ? ""
                             : "measured on " + grouped(data.metrics.samples) + " " +
                                   html_escape(data.evaluated_on) + " samples";
  const std::string between = data.subtitle.empty() || on.empty() ? "" : " · ";
  return "<section id=\"top\" style=\"margin-top:0\"><h1>" + html_escape(data.name) +
         "</h1><div class=\"muted\">" + html_escape(data.subtitle) + between + on + "</div>\n" +
         headlines_html(data) + warnings_html(data) + "</section>\n";
}

// The policy keeps the page offline even if a text slipped through unescaped.
std::string head(const ReportData& data) {
  return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src "
         "data:; "
         "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
         "<meta name=\"generator\" content=\"maas\">\n<title>" +
         html_escape(data.name) + " · report</title>\n<style>" + std::string(kReportStyles) +
         "</style>\n<script>(() => { let theme = null;\n"
         "try { theme = localStorage.getItem(\"maas-theme\"); } catch { }\n"
         "const dark = matchMedia(\"(prefers-color-scheme: dark)\").matches;\n"
         "document.documentElement.dataset.theme = theme || (dark ? \"dark\" : \"light\"); })();"
         "</script>\n</head>\n";
}

ReportSeries& series_of(std::vector<ReportSeries>& all, const std::string& metric,
                        const MetricsRow& row) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const ReportSeries& series) {
    return series.metric == metric && series.split == row.split && series.fold == row.fold;
  });
  if (found != all.end()) return *found;
  ReportSeries series;
  series.metric = metric;
  series.split = row.split;
  series.fold = row.fold;
  return all.emplace_back(std::move(series));
}

}  // namespace

std::vector<ReportSeries> report_curves(const std::vector<MetricsRow>& rows) {
  std::vector<ReportSeries> all;
  MetricsRow start, last;
  for (const MetricsRow& row : rows) {
    if (row.fold != last.fold) start = last;
    last = row;
    for (const auto& [name, value] : row.values) {
      ReportSeries& series = series_of(all, name, row);
      series.steps.push_back(static_cast<double>(row.step - start.step));
      series.epochs.push_back(row.epoch - start.epoch);
      series.seconds.push_back(row.seconds - start.seconds);
      series.values.push_back(value);
    }
  }
  return all;
}

std::string report_html(const ReportData& data) {
  std::vector<Part> parts = {{"charts", "Charts", charts_html(data)}};
  for (const ReportTable& table : data.tables) {
    parts.push_back({table.id, html_escape(table.title), table_html(table)});
  }
  for (const BarChart& chart : data.bars) {
    parts.push_back({chart.id, html_escape(chart.title), bar_chart_html(chart)});
  }
  const std::vector<Part> measured = {{"curves", "Curves", curves_html(data)},
                                      {"confusion", "Confusion", confusion_html(data)},
                                      {"classes", "Classes", classes_html(data)},
                                      {"scatter-section", "Predictions", scatter_html(data)},
                                      {"mistakes", "Mistakes", examples_html(data)}};
  parts.insert(parts.end(), measured.begin(), measured.end());
  for (const ReportTable& table : data.tables_below) {
    parts.push_back({table.id, html_escape(table.title), table_html(table)});
  }
  const std::vector<Part> rest = {{"next", "Next", commands_html(data)},
                                  {"run", "Run", facts_html(data)},
                                  {"config", "Config", config_html(data)}};
  parts.insert(parts.end(), rest.begin(), rest.end());
  std::string body = navigation(data, parts) + "<main>\n" + overview(data);
  for (const Part& part : parts) body += part.html;
  return head(data) + "<body>\n" + body +
         "<noscript><p class=\"card\">What moves on this page, and the examples, need JavaScript; "
         "all of "
         "it is in this file.</p></noscript>\n<footer><details><summary>Charts by uPlot "
         "(MIT)</summary><pre>" +
         html_escape(kUplotLicense) + "</pre></details></footer>\n</main>\n" +
         "<script type=\"application/json\" id=\"data\">" + report_json(data) + "</script>\n" +
         "<script>" + std::string(kReportUplot) + "</script>\n<script>" +
         std::string(kReportScript) + "</script>\n</body>\n</html>\n";
}

}  // namespace maas
