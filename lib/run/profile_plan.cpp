#include "run/profile_plan.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

namespace maas {
namespace {

using Clock = std::chrono::steady_clock;
using Key = std::pair<std::string, std::string>;  // operator and result

std::string result_text(const Program& program, const Node& node) {
  for (const Node::Output& output : node.outputs) {
    if (!output.ids.empty()) return type_text(program.value(output.ids[0]));
  }
  return "";
}

// Of each run, by node. The first run makes what is made once.
std::vector<std::vector<double>> timed_runs(const Plan& plan, const std::vector<at::Tensor>& inputs,
                                            double seconds) {
  constexpr size_t kFewest = 3, kMost = 10000;
  plan.run(inputs);
  std::vector<std::vector<double>> runs;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  while (runs.size() < kFewest || (Clock::now() < end && runs.size() < kMost)) {
    runs.emplace_back(plan.program().nodes.size());
    plan.run_timed(inputs, runs.back());
  }
  return runs;
}

double median(std::vector<double> numbers) {
  const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 2);
  std::nth_element(numbers.begin(), middle, numbers.end());
  return *middle;
}

std::vector<OperatorTime> slowest_first(const std::map<Key, OperatorTime>& known) {
  std::vector<OperatorTime> times;
  times.reserve(known.size());
  for (const auto& [key, time] : known) times.push_back(time);
  std::ranges::stable_sort(times, std::ranges::greater(), &OperatorTime::ms);
  return times;
}

}  // namespace

std::vector<OperatorTime> profile_plan(const Plan& plan, const std::vector<at::Tensor>& inputs,
                                       double seconds) {
  const at::NoGradGuard no_gradients;
  const std::vector<std::vector<double>> runs = timed_runs(plan, inputs, seconds);
  std::map<Key, OperatorTime> known;
  const Program& program = plan.program();
  for (size_t i = 0; i < program.nodes.size(); ++i) {
    const Node& node = program.nodes[i];
    std::vector<double> taken;
    taken.reserve(runs.size());
    for (const auto& run : runs) taken.push_back(run[i]);
    OperatorTime& time = known[{node.full_name(), result_text(program, node)}];
    time.op = node.full_name();
    time.result = result_text(program, node);
    ++time.nodes;
    time.ms += 1000 * median(std::move(taken));
  }
  return slowest_first(known);
}

std::vector<OperatorTime> by_operator(const std::vector<OperatorTime>& times) {
  std::map<Key, OperatorTime> known;
  for (const OperatorTime& time : times) {
    OperatorTime& sum = known[{time.op, ""}];
    sum.op = time.op;
    sum.nodes += time.nodes;
    sum.ms += time.ms;
  }
  return slowest_first(known);
}

}  // namespace maas
