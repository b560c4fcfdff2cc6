#include "record/bar_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "record/report_text.h"

namespace maas {
namespace {

constexpr size_t kMostBars = 40;

double percent_of(double value, double most) {
  return most > 0 && std::isfinite(value) ? 100 * std::clamp(value / most, 0.0, 1.0) : 0;
}

std::string number_text(const BarChart::Bar& bar) {
  if (!std::isfinite(bar.value)) return "–";
  return bar.spread > 0 ? fmt::format("{:.4f} ± {:.4f}", bar.value, bar.spread)
                        : fmt::format("{:.4f}", bar.value);
}

std::string bar_html(const BarChart::Bar& bar, double most) {
  const double low = percent_of(bar.value - bar.spread, most);
  const double high = percent_of(bar.value + bar.spread, most);
  std::string whisker;
  if (high > low) {
    whisker = fmt::format("<i style=\"left:{:.2f}%;width:{:.2f}%\"></i>", low, high - low);
  }
  return fmt::format(
      "<tr><th scope=\"row\">{}</th><td class=\"track\"><div><b style=\"width:{:.2f}%\"></b>{}"
      "</div></td><td class=\"number\">{}</td></tr>\n",
      html_escape(bar.name), percent_of(bar.value, most), whisker, number_text(bar));
}

}  // namespace

std::string bar_chart_html(const BarChart& chart) {
  if (chart.bars.empty()) return "";
  double most = 0;
  for (const BarChart::Bar& bar : chart.bars) {
    if (std::isfinite(bar.value + bar.spread)) most = std::max(most, bar.value + bar.spread);
  }
  const size_t shown = std::min(chart.bars.size(), kMostBars);
  std::string rows;
  for (size_t i = 0; i < shown; ++i) rows += bar_html(chart.bars[i], most);
  std::string rest;
  if (shown < chart.bars.size()) {
    rest = fmt::format("<p class=\"muted\">… {} more below these</p>\n", chart.bars.size() - shown);
  }
  return fmt::format(
      "<section id=\"{}\"><h2>{}</h2>\n<p>{}</p>\n<div class=\"card\"><table class=\"bars\">"
      "<thead><tr><th></th><th colspan=\"2\">{}</th></tr></thead><tbody>\n{}</tbody></table>\n{}"
      "</div></section>\n",
      chart.id, html_escape(chart.title), html_escape(chart.note), html_escape(chart.value_label),
      rows, rest);
}

}  // namespace maas
