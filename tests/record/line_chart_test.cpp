#include "record/line_chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace maas {
namespace {

using testing::HasSubstr;
using testing::Not;

LineChart chart(std::vector<std::pair<double, double>> points, bool logarithmic = false) {
  return {"Title", "x", "y", logarithmic, {{"line", std::move(points)}}};
}

TEST(LineChart, DrawsALineThroughItsPoints) {
  const std::string svg = line_chart_svg(chart({{0, 1}, {10, 5}, {20, 3}}));
  EXPECT_THAT(svg, testing::StartsWith("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  EXPECT_THAT(svg, HasSubstr("<title>line: 10, 5</title>"));
  EXPECT_THAT(svg, HasSubstr(">20</text>"));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
}

TEST(LineChart, LeavesOutWhatHasNoPlace) {
  const double nan = std::nan("");
  EXPECT_EQ(line_chart_svg(chart({})), "");
  EXPECT_EQ(line_chart_svg(chart({{nan, 1}, {1, INFINITY}})), "");
  EXPECT_EQ(line_chart_svg(chart({{1, 0}, {2, -3}}, true)), "");
  EXPECT_THAT(line_chart_file(chart({})), HasSubstr("nothing to show"));
  for (const bool logarithmic : {false, true}) {
    for (const auto& points : std::vector<std::vector<std::pair<double, double>>>{
             {{5, 5}}, {{0, 1e-300}, {1e300, 1e300}}, {{nan, 1}, {1, 1}}}) {
      EXPECT_THAT(line_chart_svg(chart(points, logarithmic)), Not(HasSubstr("nan")));
    }
  }
}

TEST(LineChart, EscapesItsTexts) {
  LineChart evil = chart({{1, 1}});
  evil.title = evil.x_label = evil.y_label = evil.lines[0].name = "<script>";
  EXPECT_THAT(line_chart_file(evil), Not(HasSubstr("<script>")));
}

}  // namespace
}  // namespace maas
