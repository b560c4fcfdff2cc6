#include "record/bar_chart.h"

#include <gmock/gmock.h>

#include <cmath>

namespace maas {
namespace {

using testing::HasSubstr;
using testing::Not;

BarChart three() {
  BarChart chart{.id = "bars", .title = "Columns", .value_label = "drop of accuracy"};
  chart.bars = {{"a", 0.6, 0.2}, {"<b>", 0.2, 0}, {"c", -0.1, 0}};
  return chart;
}

TEST(BarChart, DrawsEachValueAsAShareOfTheLargestWithItsSpread) {
  const std::string html = bar_chart_html(three());
  EXPECT_THAT(html,
              HasSubstr("<b style=\"width:75.00%\"></b><i style=\"left:50.00%;width:50.00%\">"));
  EXPECT_THAT(html, HasSubstr("0.6000 ± 0.2000"));
  EXPECT_THAT(html, HasSubstr("drop of accuracy"));
  EXPECT_THAT(html, HasSubstr("&lt;b&gt;</th><td class=\"track\"><div><b style=\"width:25.00%\">"));
}

TEST(BarChart, HasANumberAndNoBarBelowZero) {
  EXPECT_THAT(bar_chart_html(three()),
              HasSubstr("<b style=\"width:0.00%\"></b></div></td><td class=\"number\">-0.1000<"));
}

TEST(BarChart, CountsWhatItLeavesOut) {
  BarChart chart = three();
  for (int i = 0; i < 100; ++i) chart.bars.push_back({"more", 0.1, 0});
  EXPECT_THAT(bar_chart_html(chart), HasSubstr("… 63 more below these"));
  EXPECT_EQ(bar_chart_html(BarChart{}), "");
}

TEST(BarChart, ShowsNoBarForWhatIsNoNumber) {
  BarChart chart = three();
  chart.bars[0].value = std::nan("");
  const std::string html = bar_chart_html(chart);
  EXPECT_THAT(html, HasSubstr("<td class=\"number\">–<"));
  EXPECT_THAT(html, Not(HasSubstr("nan")));
}

}  // namespace
}  // namespace maas
