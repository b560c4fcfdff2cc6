#include "load/measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace maas {

std::string LoadPoint::text() const {
  if (plan.arrivals == Arrivals::kClosed) {
    return fmt::format("{} connection{}", plan.connections, plan.connections == 1 ? "" : "s");
  }
  return fmt::format("{:.6g}/s {}", plan.rate,
                     plan.arrivals == Arrivals::kPoisson ? "poisson" : "constant");
}

LoadPoint measure_point(const std::vector<LoadedServer>& servers, const LoadPlan& plan, int rounds,
                        const std::function<void(const std::string&)>& on_run) {
  LoadPoint point{plan, std::vector<LoadResult>(servers.size())};
  LoadPlan part = plan;
  part.seconds = plan.seconds / rounds;
  const auto is_stopped = [&] { return plan.stop != nullptr && *plan.stop != 0; };
  for (int round = 0; round < rounds && !is_stopped(); ++round) {
    part.seed = plan.seed + static_cast<uint64_t>(round);  // the same for all servers
    for (size_t i = 0; i < servers.size() && !is_stopped(); ++i) {
      const size_t turn = (i + static_cast<size_t>(round)) % servers.size();
      const LoadedServer& server = servers[turn];
      on_run(fmt::format("{}, {}", server.name, point.text()));
      point.results[turn].add(run_load(server.endpoint, server.request, part));
    }
  }
  return point;
}

std::vector<double> curve_rates(double peak) {
  std::vector<double> rates;
  for (const double share : {0.1, 0.25, 0.5, 0.75, 0.9, 1.0, 1.25, 1.5, 2.0}) {
    const double rate = std::max(1.0, share * peak);
    const double digits = std::pow(10, std::floor(std::log10(rate)) - 2);  // three are enough
    rates.push_back(std::round(rate / digits) * digits);
  }
  return rates;
}

}  // namespace maas
