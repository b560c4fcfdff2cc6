// Bars for named numbers, drawn as a table of HTML: it needs no script, and wraps on narrow
// screens.
#pragma once

#include <string>
#include <vector>

namespace maas {

struct BarChart {
  struct Bar {
    std::string name;
    double value = 0, spread = 0;  // spread: a line from value - spread to value + spread
  };
  std::string id, title;  // as ReportTable's
  std::string note = {};
  std::string value_label = {};  // what the bars measure
  std::vector<Bar> bars = {};
};

// A section of a page. Bars begin at 0; values below it have none, but their number. At most 40
// bars, then a line that counts the others. "" without bars.
std::string bar_chart_html(const BarChart& chart);

}  // namespace maas
