#include "record/line_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <vector>

#include "record/report_text.h"

namespace maas {
namespace {

constexpr double kWidth = 760, kHeight = 380;
constexpr double kLeft = 70, kRight = 16, kTop = 36, kBottom = 48;
constexpr double kLegendRow = 16;
// Told apart on light and dark, by most who do not see all colours (Okabe and Ito 2008).
constexpr std::array<const char*, 6> kColours = {"#0072b2", "#d55e00", "#009e73",
                                                 "#cc79a7", "#e69f00", "#56b4e9"};

// From values to places along an axis.
struct Axis {
  double low = 0, high = 1;  // as drawn: logarithms where it is logarithmic
  bool logarithmic = false;

  double scaled(double value) const { return logarithmic ? std::log10(value) : value; }
  double share(double value) const { return (scaled(value) - low) / (high - low); }

  std::vector<double> ticks() const {
    std::vector<double> values;
    if (logarithmic) {
      for (double power = std::floor(low); power <= std::ceil(high); ++power) {
        for (const double step : {1.0, 2.0, 5.0}) values.push_back(step * std::pow(10, power));
      }
    } else {
      const double rough = (high - low) / 6, power = std::pow(10, std::floor(std::log10(rough)));
      const double step = rough / power < 1.5 ? power : rough / power < 3.5 ? 2 * power : 5 * power;
      for (double value = std::ceil(low / step) * step; value <= high * (1 + 1e-9); value += step) {
        values.push_back(value);
      }
    }
    std::erase_if(values, [&](double value) {
      const double at = share(value);
      return at < -1e-9 || at > 1 + 1e-9;
    });
    return values;
  }
};

bool is_shown(const LineChart& chart, const std::pair<double, double>& point) {
  return std::isfinite(point.first) && std::isfinite(point.second) &&
         (!chart.logarithmic || point.second > 0);
}

struct Axes {
  Axis x, y;
  double above = kTop;  // the plot: the legend may take several rows
  double left(double value) const { return kLeft + x.share(value) * (kWidth - kLeft - kRight); }
  double top(double value) const {
    return kHeight - kBottom - y.share(value) * (kHeight - above - kBottom);
  }
};

struct LegendPlace {
  double x, y;  // of the text's line
};

// Row by row: what does not fit beside the others goes below them.
std::vector<LegendPlace> legend_places(const LineChart& chart) {
  std::vector<LegendPlace> places;
  double x = kLeft + 8, y = kTop - 10;
  for (const LineChart::Line& line : chart.lines) {
    const double width = 32 + 7.2 * static_cast<double>(line.name.size());
    if (x > kLeft + 8 && x + width > kWidth) x = kLeft + 8, y += kLegendRow;
    places.push_back({x, y});
    x += width;
  }
  return places;
}

std::optional<Axes> axes_of(const LineChart& chart) {
  std::optional<Axes> axes;
  for (const LineChart::Line& line : chart.lines) {
    for (const auto& point : line.points) {
      if (!is_shown(chart, point)) continue;
      const double y = chart.logarithmic ? std::log10(point.second) : point.second;
      if (!axes) axes = Axes{{0, 0, false}, {y, y, chart.logarithmic}};
      axes->x.low = std::min(axes->x.low, point.first);
      axes->x.high = std::max(axes->x.high, point.first);
      axes->y.low = std::min(axes->y.low, y);
      axes->y.high = std::max(axes->y.high, y);
    }
  }
  if (!axes) return axes;
  axes->above = legend_places(chart).back().y + 10;
  if (!chart.logarithmic) axes->y.low = std::min(0.0, axes->y.low);
  for (Axis* axis : {&axes->x, &axes->y}) {
    const double margin = axis->high > axis->low ? 0.04 * (axis->high - axis->low) : 0.5;
    axis->high += margin;
    if (axis->logarithmic) axis->low -= margin;
  }
  return axes;
}

std::string text_at(double x, double y, const char* anchor, const std::string& text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor,
                     html_escape(text));
}

std::string grid(const LineChart& chart, const Axes& axes) {
  std::string svg;
  const double right = kWidth - kRight, bottom = kHeight - kBottom;
  for (const double value : axes.y.ticks()) {
    const double y = axes.top(value);
    svg += fmt::format(
        "<path d=\"M{:.1f} {:.1f}H{:.1f}\" stroke=\"currentColor\" stroke-opacity=\"0.15\"/>\n",
        kLeft, y, right);
    svg += text_at(kLeft - 6, y + 4, "end", fmt::format("{:g}", value));
  }
  for (const double value : axes.x.ticks()) {
    svg += text_at(axes.left(value), bottom + 18, "middle", fmt::format("{:g}", value));
  }
  svg += fmt::format(
      "<path d=\"M{0:.1f} {1:.1f}V{2:.1f}H{3:.1f}\" fill=\"none\" "
      "stroke=\"currentColor\" stroke-opacity=\"0.6\"/>\n",
      kLeft, axes.above, bottom, right);
  svg += text_at((kLeft + right) / 2, kHeight - 10, "middle", chart.x_label);
  return svg + text_at(kLeft - 6, axes.above - 12, "end", chart.y_label);
}

std::string line_svg(const LineChart& chart, const Axes& axes, size_t number) {
  const LineChart::Line& line = chart.lines[number];
  const char* const colour = kColours[number % kColours.size()];
  std::string path, dots;
  for (const auto& point : line.points) {
    if (!is_shown(chart, point)) continue;
    const double x = axes.left(point.first), y = axes.top(point.second);
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x, y);
    dots += fmt::format(
        "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"{}\"><title>{}: {:.4g}, "
        "{:.4g}</title></circle>\n",
        x, y, colour, html_escape(line.name), point.first, point.second);
  }
  return fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>\n{}", path,
                     colour, dots);
}

std::string legend(const LineChart& chart) {
  std::string svg;
  const std::vector<LegendPlace> places = legend_places(chart);
  for (size_t i = 0; i < chart.lines.size(); ++i) {
    const auto& [x, y] = places[i];
    svg += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"12\" height=\"4\" fill=\"{}\"/>\n",
                       x, y - 6, kColours[i % kColours.size()]);
    svg += text_at(x + 16, y, "start", chart.lines[i].name);
  }
  return svg;
}

std::string drawn(const LineChart& chart, const std::string& background) {
  const auto axes = axes_of(chart);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:g} {1:g}\" width=\"{0:g}\" "
      "style=\"max-width:100%;height:auto\" role=\"img\" font-family=\"sans-serif\" "
      "font-size=\"12\" fill=\"currentColor\">\n<title>{2}</title>\n{3}",
      kWidth, kHeight, html_escape(chart.title), background);
  if (axes) {
    svg += grid(chart, *axes) + legend(chart);
    for (size_t i = 0; i < chart.lines.size(); ++i) svg += line_svg(chart, *axes, i);
  } else {
    svg += text_at(kWidth / 2, kHeight / 2, "middle", "nothing to show");
  }
  return svg + "</svg>\n";
}

}  // namespace

std::string line_chart_svg(const LineChart& chart) {
  return axes_of(chart) ? drawn(chart, "") : "";
}

std::string line_chart_file(const LineChart& chart) {
  return drawn(chart, "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
}

}  // namespace maas
