// What a load test found: as a table, as JSON, as a page and as a picture.
#pragma once

#include <string>
#include <vector>

#include "base/json_writer.h"
#include "load/measure.h"
#include "record/line_chart.h"
#include "record/report.h"

namespace maas {

struct LoadReport {
  std::vector<std::string> servers;  // by what they are called
  std::string request;               // what was asked, in a few words
  std::vector<LoadPoint> points;
};

// A line for each load and server: throughput is of answers of status 2xx within the measured
// seconds; latencies are of those answers, from the time at which the request was to be sent. Below
// a line what went wrong, and why it is void if it is.
std::string load_table(const LoadReport& report);
// The members "request" and "results" of an object that the caller has begun.
void write_load(JsonWriter& json, const LoadReport& report);

// Latency by throughput: p50 and p99 of each server.
LineChart load_chart(const LoadReport& report);
ReportData load_page(const LoadReport& report);

}  // namespace maas
