#include "record/report.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "record/report_image.h"
#include "record/report_json.h"
#include "record/report_text.h"
#include "sample/image_codec.h"

namespace maas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string kHostile = "</script><script>alert(1)</script>\"'&<img src=x>";

ReportData small_report() {
  ReportData data;
  data.name = "digits";
  data.evaluated_on = "test";
  data.labels = {"zero", "one"};
  Predictions predictions;
  predictions.labels = data.labels;
  predictions.outputs = at::tensor({2., 1., 0., 1., 3., 0.}, at::kDouble).view({3, 2});
  predictions.targets = at::tensor({0, 1, 1}, at::kLong);
  data.metrics = compute_metrics(predictions, {"accuracy", "nll"});
  return data;
}

simdjson::dom::element data_of(simdjson::dom::parser& parser, const ReportData& data) {
  return parser.parse(report_json(data));
}

TEST(Report, AsksNoOtherHostForAnything) {
  std::string html = report_html(small_report());
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
  // Only uPlot's notice and SVG's name are addresses; neither is fetched.
  for (const std::string known :
       {"https://github.com/leeoniya/uPlot", "http://www.w3.org/2000/svg"}) {
    for (size_t at = 0; (at = html.find(known)) != std::string::npos;) {
      html.erase(at, known.size());
    }
  }
  for (const char* sign : {"http://", "https://", "src=\"", "@import", "<link", "url("}) {
    EXPECT_THAT(html, Not(HasSubstr(sign)));
  }
}

TEST(Report, EscapesEveryText) {
  ReportData data = small_report();
  data.name = data.subtitle = data.evaluated_on = data.resolved_yaml = kHostile;
  data.labels = {kHostile, kHostile};
  data.curves = {{.metric = kHostile,
                  .split = kHostile,
                  .steps = {1},
                  .epochs = {1},
                  .seconds = {1},
                  .values = {1}}};
  ReportExample example;
  example.name = example.text = kHostile;
  data.examples = {example};
  data.headlines = data.data_facts = data.environment = {{kHostile, kHostile}};
  data.timings = {{kHostile, 1}};
  data.model_lines = data.warnings = {kHostile};
  data.commands = {{kHostile, kHostile}};
  data.require = {{"accuracy", ">= 0.5"}};
  data.bars = {{.id = "bars",
                .title = kHostile,
                .note = kHostile,
                .value_label = kHostile,
                .bars = {{kHostile, 1, 0}}}};
  const std::string html = report_html(data);
  EXPECT_THAT(html, Not(HasSubstr("alert(1)</script>")));
  EXPECT_THAT(html, Not(HasSubstr("<img")));
  EXPECT_THAT(html, HasSubstr("&lt;/script&gt;&lt;script&gt;alert(1)"));
}

TEST(Report, LeavesOutWhatThereIsNot) {
  const std::string html = report_html(ReportData{});
  for (const char* id : {"id=\"curves\"", "id=\"confusion\"", "id=\"mistakes\"", "id=\"config\"",
                         "id=\"scatter\"", "class=\"headlines\""}) {
    EXPECT_THAT(html, Not(HasSubstr(id)));
  }
}

TEST(Report, SaysWhichRequirementsAreMet) {
  ReportData data = small_report();
  data.require = {{"accuracy", ">= 0.9"}, {"nll", "< 5"}};
  const std::string html = report_html(data);
  EXPECT_THAT(html, HasSubstr("66.67 %"));
  EXPECT_THAT(html, HasSubstr("1 of 3 wrong"));
  EXPECT_THAT(html, HasSubstr("<span class=\"pill unmet\">✗ required &gt;= 0.9</span>"));
  EXPECT_THAT(html, HasSubstr("<span class=\"pill met\">✓ required &lt; 5</span>"));
}

TEST(Report, CarriesTheConfusionMatrixAsData) {
  simdjson::dom::parser parser;
  const simdjson::dom::element json = data_of(parser, small_report());
  EXPECT_EQ(simdjson::minify(json["confusion"]["counts"].value()), "[[1,0],[1,1]]");
  EXPECT_EQ(simdjson::minify(json["confusion"]["pairs"].value()), "[[1,0,1]]");
  EXPECT_EQ(simdjson::minify(json["confusion"]["column_totals"].value()), "[2,1]");
}

TEST(Report, HasTheMatrixWithRecallAlsoWithoutScript) {
  const std::string html = report_html(small_report());
  EXPECT_THAT(html, HasSubstr("<th scope=\"row\">one</th>"));
  EXPECT_THAT(html, HasSubstr("<th>recall</th>"));
  EXPECT_THAT(html, HasSubstr("<td class=\"total\">50.0 %</td>"));  // 1 of 2 are found
}

TEST(Report, ShowsBarsAndTablesWhereTheyBelong) {
  ReportData data = small_report();
  data.tables = {{.id = "first", .title = "First", .columns = {"a"}, .rows = {{"1"}}}};
  data.bars = {{.id = "bars", .title = "Bars", .bars = {{"x", 1, 0}}}};
  data.tables_below = {{.id = "last", .title = "Last", .columns = {"a"}, .rows = {{"1"}}}};
  const std::string html = report_html(data);
  const auto at = [&](const char* id) { return html.find(std::string("<section id=\"") + id); };
  EXPECT_LT(at("first"), at("bars"));
  EXPECT_LT(at("bars"), at("confusion"));
  EXPECT_LT(at("confusion"), at("last"));
  EXPECT_NE(at("last"), std::string::npos);
}

TEST(Report, ShowsTheClassesWithMostMistakesOfMany) {
  ReportData data;
  at::Tensor confusion = at::full({60, 60}, 0, at::kLong);
  for (int64_t k = 10; k < 50; ++k) confusion.select(0, k).select(0, 59 - k).fill_(k);
  data.metrics.confusion = confusion;
  simdjson::dom::parser parser;
  const simdjson::dom::element json = data_of(parser, data);
  ASSERT_EQ(json["confusion"]["classes"].get_array().size(), 40u);
  EXPECT_EQ(int64_t(json["confusion"]["classes"].at(0)), 10);
  EXPECT_THAT(report_html(data), HasSubstr("Of all 60 classes, the 40 with the most mistakes"));
}

TEST(Report, ThinsLongSeriesButKeepsTheirEnds) {
  ReportData data;
  ReportSeries series{
      .metric = "loss", .split = "train", .steps = {}, .epochs = {}, .seconds = {}, .values = {}};
  for (int i = 0; i < 10001; ++i) {
    for (auto* list : {&series.steps, &series.epochs, &series.seconds, &series.values}) {
      list->push_back(i);
    }
  }
  data.curves = {series};
  simdjson::dom::parser parser;
  const simdjson::dom::array steps = data_of(parser, data)["curves"].at(0)["steps"].get_array();
  EXPECT_LE(steps.size(), 4001u);
  EXPECT_EQ(double(steps.at(0)), 0);
  EXPECT_EQ(double(steps.at(steps.size() - 1)), 10000);
}

TEST(Report, MakesOneSeriesOfAMetricAndASplit) {
  const std::vector<ReportSeries> all =
      report_curves({{1, 0.5, 2, "train", {{"loss", 3}, {"learning_rate", 0.1}}},
                     {2, 1, 4, "train", {{"loss", 2}, {"learning_rate", 0.2}}},
                     {2, 1, 4, "validation", {{"loss", 2.5}}}});
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].metric, "loss");
  EXPECT_THAT(all[0].values, ElementsAre(3, 2));
  EXPECT_THAT(all[0].steps, ElementsAre(1, 2));
  EXPECT_EQ(all[1].metric, "learning_rate");
  EXPECT_EQ(all[2].split, "validation");
}

TEST(Report, DrawsALineAFoldFromItsFirstStepOn) {
  const std::vector<ReportSeries> all = report_curves({{.step = 5,
                                                        .epoch = 1,
                                                        .seconds = 2,
                                                        .split = "validation",
                                                        .values = {{"loss", 3}},
                                                        .fold = 1},
                                                       {.step = 10,
                                                        .epoch = 2,
                                                        .seconds = 4,
                                                        .split = "validation",
                                                        .values = {{"loss", 2}},
                                                        .fold = 1},
                                                       {.step = 15,
                                                        .epoch = 3,
                                                        .seconds = 7,
                                                        .split = "validation",
                                                        .values = {{"loss", 2.5}},
                                                        .fold = 2}});
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].fold, 1);
  EXPECT_THAT(all[0].steps, ElementsAre(5, 10));
  EXPECT_THAT(all[1].steps, ElementsAre(5));
  EXPECT_THAT(all[1].epochs, ElementsAre(1));
  EXPECT_THAT(all[1].seconds, ElementsAre(3));
  ReportData data = small_report();
  data.curves = all;
  simdjson::dom::parser parser;
  EXPECT_EQ(int64_t(data_of(parser, data)["curves"].at(1)["fold"]), 2);
  const std::string page = report_html(data);
  EXPECT_THAT(page, HasSubstr("Each fold is a line of its own"));
  EXPECT_THAT(page, testing::Not(HasSubstr("The dashed line marks")));
  data.best_step = 5;
  EXPECT_THAT(report_html(data), HasSubstr("The dashed line marks the weights that were kept."));
  EXPECT_THAT(page, HasSubstr("validation 2"));
}

TEST(ReportImage, IsAPngThatReadsBack) {
  const at::Tensor image = at::arange(3 * 4 * 5, at::kByte).view({3, 4, 5});
  EXPECT_TRUE(decode_pixels(png_bytes(image), "picture", {}).equal(image));
  const at::Tensor grey = image.narrow(0, 0, 1);
  EXPECT_TRUE(
      decode_pixels(png_bytes(grey), "picture", {.channels = 1, .least_side = 0}).equal(grey));
}

TEST(ReportImage, ShrinksLargeOnes) {
  const std::string large = image_uri(at::full({3, 400, 800}, 7, at::kByte), 160);
  const std::string small = image_uri(at::full({3, 80, 160}, 7, at::kByte), 160);
  EXPECT_EQ(large, small);
  EXPECT_THAT(large, testing::StartsWith("data:image/png;base64,iVBORw0KGgo"));
}

TEST(ReportText, WritesNumbersForReaders) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(-1234567), "-1,234,567");
  EXPECT_EQ(grouped(-123), "-123");
  EXPECT_EQ(metric_text("accuracy", 0.98314), "98.31 %");
  EXPECT_EQ(metric_text("top_3", 1), "100.00 %");
  EXPECT_EQ(metric_text("nll", 0.0561249), "0.05612");
  EXPECT_EQ(metric_text("rmse", 20471.3), "20,471");
  EXPECT_EQ(duration_text(41.26), "41.3 s");
  EXPECT_EQ(duration_text(725), "12 min 5 s");
  EXPECT_EQ(duration_text(11520), "3 h 12 min");
}

TEST(ReportText, ReplacesWhatIsNotText) {
  EXPECT_EQ(html_escape("a\xFF"
                        "b\x01"
                        "c\n<é>"),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD"
            "c\n&lt;é&gt;");
  EXPECT_EQ(html_escape("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD");  // cut short
}

}  // namespace
}  // namespace maas
