// Servers measured in turns, at several loads.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "load/run_load.h"

namespace maas {

struct LoadedServer {
  std::string name;  // its URL
  Endpoint endpoint;
  std::string request;  // a whole HTTP request
};

// One load on each of the servers.
struct LoadPoint {
  LoadPlan plan;
  std::vector<LoadResult> results;  // in the order of the servers
  std::string text() const;         // "64 connections", "2000/s poisson"
};

// Each server gets plan.seconds in all, in `rounds` runs; the servers take turns, and begin the
// rounds in turns, so that what the machine does meanwhile meets all of them alike. Each run has
// its own warm-up. `on_run` is told what is about to run. Of no use where plan.stop ended it.
// Throws what run_load() does.
LoadPoint measure_point(const std::vector<LoadedServer>& servers, const LoadPlan& plan, int rounds,
                        const std::function<void(const std::string&)>& on_run);

// Rates for a curve from a tenth of `peak` (requests a second) to 200 % of it.
std::vector<double> curve_rates(double peak);

}  // namespace maas
