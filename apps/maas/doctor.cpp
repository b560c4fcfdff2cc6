// maas doctor -- is this machine fit for it?
//
// Prints  one line a check; exits 1 when one is a problem.
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>
#include <torch/version.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/json_writer.h"
#include "command.h"
#include "program/builder.h"
#include "run/measure_plan.h"

namespace maas {
namespace {

enum class Verdict { kOk, kWarning, kProblem };

struct Check {
  std::string name;
  Verdict verdict = Verdict::kOk;
  std::string found, fix;
};

const char* word_of(Verdict verdict) {
  return verdict == Verdict::kOk ? "ok" : verdict == Verdict::kWarning ? "warning" : "problem";
}

Check check_processor() {
  const std::string capability = at::get_cpu_capability();
  const bool wide = capability.find("AVX") != std::string::npos;
  return {"instructions", wide ? Verdict::kOk : Verdict::kWarning, capability,
          wide ? "" : "expect slow arithmetic: neither AVX2 nor AVX512 is used"};
}

Check check_cores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  const int usable = ::sched_getaffinity(0, sizeof(cores), &cores) == 0 ? CPU_COUNT(&cores) : 1;
  return {"cores", Verdict::kOk,
          fmt::format("{} usable of {}", usable, std::thread::hardware_concurrency()), ""};
}

Check check_memory() {
  std::ifstream file("/proc/meminfo");
  double available = 0;
  for (std::string key, unit; file >> key >> available >> unit;) {
    if (key == "MemAvailable:") break;
  }
  const double gib = available / (1 << 20);
  return {"memory", gib < 1 ? Verdict::kWarning : Verdict::kOk, fmt::format("{:.1f} GiB free", gib),
          gib < 1 ? "close other programs, or use small models" : ""};
}

Check check_disk() {
  std::error_code error;
  const auto space = std::filesystem::space(".", error);
  const double gib = static_cast<double>(space.available) / (1 << 30);
  if (error || ::access(".", W_OK) != 0) {
    return {"working folder", Verdict::kProblem, "not writable",
            "change to a folder that is, or name output_dir"};
  }
  return {"working folder", gib < 1 ? Verdict::kWarning : Verdict::kOk,
          fmt::format("writable, {:.1f} GiB free", gib), gib < 1 ? "make room" : ""};
}

Check check_files() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const bool few = limit.rlim_max < 4096;
  return {"open files", few ? Verdict::kWarning : Verdict::kOk,
          fmt::format("at most {}", limit.rlim_max),
          few ? "raise it (ulimit -n) to serve many connections" : ""};
}

Check check_environment() {
  for (const char* name : {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "LD_PRELOAD"}) {
    const char* value = std::getenv(name);
    if (value == nullptr) continue;
    return {"environment", Verdict::kWarning, fmt::format("{}={}", name, value),
            "unset it unless it is meant: maas chooses its threads itself"};
  }
  return {"environment", Verdict::kOk, "nothing that changes threads", ""};
}

Check check_inference() {
  try {
    GraphBuilder g("self-test", 1);
    const Handle x = g.input("x", {784}, at::kFloat);
    const Program program = g.finish({{"y", g.linear("fc2", g.relu(g.linear("fc1", x, 128)), 10)}});
    const auto plan = Plan::compile(program, {.lower = true, .disabled_passes = {}});
    const LatencyStats stats = measure_latency(*plan, example_inputs(program, 1), {0.05, 0.1, 3});
    return {"self-test", Verdict::kOk, fmt::format("784-128-10 in {:.3f} ms", stats.p50_ms), ""};
  } catch (const std::exception& error) {
    return {"self-test", Verdict::kProblem, error.what(), "report it"};
  }
}

class Doctor : public Command {
 public:
  void declare(CLI::App&) override {}

  int run(Output& output) override {
    const std::vector<Check> checks = {
        {"maas", Verdict::kOk, fmt::format("{}, libtorch {}", MAAS_VERSION, TORCH_VERSION), ""},
        check_processor(),
        check_cores(),
        check_memory(),
        check_disk(),
        check_files(),
        check_environment(),
        check_inference()};
    bool healthy = true;
    JsonWriter json;
    json.begin_object().field("verb", "doctor").key("checks").begin_array();
    std::string text;
    for (const Check& check : checks) {
      healthy = healthy && check.verdict != Verdict::kProblem;
      json.begin_object().field("name", check.name).field("verdict", word_of(check.verdict));
      json.field("found", check.found).field("fix", check.fix).end_object();
      text += fmt::format("{:<8} {:<15} {}\n", word_of(check.verdict), check.name, check.found);
      if (!check.fix.empty()) text += fmt::format("{:<25}fix: {}\n", "", check.fix);
    }
    json.end_array().field("healthy", healthy).end_object();
    output.result(output.json() ? json.text() : text);
    return healthy ? 0 : 1;
  }
};

}  // namespace

std::unique_ptr<Command> make_doctor() { return std::make_unique<Doctor>(); }

}  // namespace maas
