#include "load/load_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "load/measure.h"
#include "load/raw_server.h"

namespace maas {
namespace {

using testing::HasSubstr;
using testing::Not;

LoadResult some_result() {
  LoadResult result;
  result.seconds = 2;
  result.sent = 200;
  result.good = result.good_in_time = 190;
  for (int i = 0; i < 190; ++i) result.latency.add(std::chrono::milliseconds(2));
  result.bad[503] = 8;
  for (int i = 0; i < 8; ++i) result.refusals.add(std::chrono::milliseconds(1));
  result.failures["timed out"] = 2;
  return result;
}

LoadReport report_of(std::vector<std::string> servers) {
  LoadPlan open;
  open.arrivals = Arrivals::kPoisson;
  open.rate = 100;
  LoadResult late = some_result();
  late.open_loop = true;
  for (int i = 0; i < 200; ++i) late.lateness.add(std::chrono::milliseconds(5));
  const size_t count = servers.size();
  return {std::move(servers),
          "POST /x",
          {{LoadPlan(), std::vector<LoadResult>(count, some_result())},
           {open, std::vector<LoadResult>(count, late)}}};
}

TEST(LoadReport, IsATableOfLoads) {
  const std::string table = load_table(report_of({"a"}));
  EXPECT_THAT(table, HasSubstr("load           sent/s  good/s  p50 ms"));
  EXPECT_THAT(table, HasSubstr("1 connection    100.0    95.0   2.0"));
  EXPECT_THAT(table, HasSubstr("\n  503: 8, timed out: 2; answered after 1.0"));
  EXPECT_THAT(table, HasSubstr("  void: this client was late to send (p99 5.0"));
  EXPECT_THAT(table, Not(HasSubstr("server")));
}

TEST(LoadReport, OfTwoServersHasALineForEach) {
  const std::string table = load_table(report_of({"first", "second"}));
  EXPECT_THAT(table, HasSubstr("server  load"));
  EXPECT_THAT(table, HasSubstr("second  100/s poisson"));
}

TEST(LoadReport, AsJsonSaysTheSame) {
  JsonWriter json;
  json.begin_object();
  write_load(json, report_of({"a"}));
  const std::string text = json.end_object().take();
  EXPECT_THAT(text, HasSubstr(R"("loop":"open","connections":1,"rate":100)"));
  EXPECT_THAT(text, HasSubstr(R"("throughput_per_s":95)"));
  EXPECT_THAT(text, HasSubstr(R"("refusal_ms":{"p50":1)"));
  EXPECT_THAT(text, HasSubstr(R"("errors":{"503":8,"timed out":2})"));
  EXPECT_THAT(text, HasSubstr(R"("void":true,"void_because":"this client was late to send")"));
}

TEST(LoadReport, IsAPageWithAPicture) {
  const std::string page = report_html(load_page(report_of({"<a>", "b"})));
  EXPECT_THAT(page, HasSubstr("<svg xmlns"));
  EXPECT_THAT(page, HasSubstr("&lt;a&gt; p99"));
  EXPECT_THAT(page, Not(HasSubstr("<a> p99")));
  EXPECT_THAT(page, HasSubstr("503: 8"));
}

TEST(MeasurePoint, LetsServersTakeTurns) {
  const RawServer one(always(answer_with(""))), two(always(answer_with("")));
  const std::string request = "GET / HTTP/1.1\r\n\r\n";
  LoadPlan plan;
  plan.warmup_seconds = 0;
  plan.seconds = 0.04;
  std::string order;
  const LoadPoint point =
      measure_point({{"A", one.endpoint, request}, {"B", two.endpoint, request}}, plan, 2,
                    [&](const std::string& text) { order += text[0]; });
  EXPECT_EQ(order, "ABBA");
  ASSERT_EQ(point.results.size(), 2);
  for (const LoadResult& result : point.results) {
    EXPECT_DOUBLE_EQ(result.seconds, plan.seconds);
    EXPECT_GT(result.good, 0);
  }
}

TEST(CurveRates, GoToTwiceThePeak) {
  const std::vector<double> rates = curve_rates(1000);
  EXPECT_EQ(rates.front(), 100);
  EXPECT_EQ(rates.back(), 2000);
}

}  // namespace
}  // namespace maas
