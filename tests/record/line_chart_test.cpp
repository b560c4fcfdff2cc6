#include "record/line_chart.h"

#include <fmt/format.h>
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

TEST(LineChart, WrapsALegendThatIsTooLong) {
  LineChart folds = chart({{0, 1}, {10, 5}});
  EXPECT_THAT(line_chart_svg(folds), HasSubstr("y=\"26.0\" text-anchor=\"start\">line</text>"));
  folds.lines.resize(12, folds.lines[0]);
  for (size_t i = 0; i < folds.lines.size(); ++i) {
    folds.lines[i].name = fmt::format("validation {}", i);
  }
  const std::string svg = line_chart_svg(folds);
  EXPECT_THAT(svg, HasSubstr("x=\"94.0\" y=\"26.0\" text-anchor=\"start\">validation 0</text>"));
  EXPECT_THAT(svg, HasSubstr("x=\"94.0\" y=\"42.0\" text-anchor=\"start\">validation 5</text>"));
  EXPECT_THAT(svg, HasSubstr("y=\"58.0\" text-anchor=\"start\">validation 11</text>"));
  EXPECT_THAT(svg, HasSubstr("M70.0 68.0V332.0"));
}

TEST(LineChart, EscapesItsTexts) {
  LineChart evil = chart({{1, 1}});
  evil.title = evil.x_label = evil.y_label = evil.lines[0].name = "<script>";
  EXPECT_THAT(line_chart_file(evil), Not(HasSubstr("<script>")));
}

}  // namespace
}  // namespace maas
