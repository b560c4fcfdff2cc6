// The parts of report.html that are plain tables and text.
#include <fmt/format.h>

#include <algorithm>

#include "record/report_sections.h"
#include "record/report_text.h"

namespace maas {
namespace {

std::string table_card(const std::string& title, const std::vector<ReportFact>& facts) {
  if (facts.empty()) return "";
  std::string rows;
  for (const ReportFact& fact : facts) {
    rows += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", html_escape(fact.name),
                        html_escape(fact.value));
  }
  return fmt::format("<div class=\"card\"><h3>{}</h3><table class=\"facts\">\n{}</table></div>\n",
                     title, rows);
}

std::string timings_card(const std::vector<ReportTiming>& timings) {
  double total = 0;
  for (const ReportTiming& timing : timings) total += std::max(0.0, timing.seconds);
  if (!(total > 0)) return "";
  std::string rows;
  for (const ReportTiming& timing : timings) {
    const double share = 100 * std::max(0.0, timing.seconds) / total;
    rows += fmt::format(
        "<tr><th scope=\"row\">{}</th><td><div class=\"bar\" style=\"width:{:.1f}%\"></div></td>"
        "<td class=\"number\" style=\"white-space:nowrap;padding-left:12px;width:auto\">{}"
        "<span class=\"muted\"> · {:.0f} %</span></td></tr>\n",
        html_escape(timing.name), share, duration_text(timing.seconds), share);
  }
  return "<div class=\"card\"><h3>Where the time went</h3><table class=\"facts\">\n" + rows +
         "</table></div>\n";
}

std::string model_card(const std::vector<std::string>& lines) {
  if (lines.empty()) return "";
  std::string text;
  for (const std::string& line : lines) text += html_escape(line) + "\n";
  return "<div class=\"card\"><h3>Model</h3><pre tabindex=\"0\" style=\"margin-top:8px\">" + text +
         "</pre></div>\n";
}

}  // namespace

std::string facts_html(const ReportData& data) {
  const std::string cards = model_card(data.model_lines) + timings_card(data.timings) +
                            table_card("Data", data.data_facts) +
                            table_card("Environment", data.environment);
  if (cards.empty()) return "";
  return "<section id=\"run\"><h2>The run</h2>\n<div class=\"columns\">\n" + cards +
         "</div></section>\n";
}

std::string config_html(const ReportData& data) {
  if (data.resolved_yaml.empty()) return "";
  return "<section id=\"config\"><h2>Resolved config</h2>\n<p>Every setting, defaults included: "
         "this "
         "file alone repeats the run.</p>\n<div class=\"card\"><div class=\"head\"><h3 "
         "class=\"mono\">resolved.yaml</h3><button data-copy=\"config-text\">Copy</button></div>"
         "<pre id=\"config-text\" tabindex=\"0\">" +
         html_escape(data.resolved_yaml) + "</pre></div></section>\n";
}

}  // namespace maas
