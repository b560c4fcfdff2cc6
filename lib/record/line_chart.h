// Lines over numbers, drawn as SVG: pictures that need no script.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace maas {

struct LineChart {
  struct Line {
    std::string name;
    std::vector<std::pair<double, double>> points;  // x, y; joined in this order
  };
  std::string title, x_label, y_label;
  bool logarithmic = false;  // y; what is not above 0 is left out then
  std::vector<Line> lines = {};
};

// An <svg> for a page: text and axes in the page's colour. "" when there is no finite point.
std::string line_chart_svg(const LineChart& chart);
// A whole file, on white; without points it says so.
std::string line_chart_file(const LineChart& chart);

}  // namespace maas
