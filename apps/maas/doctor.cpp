// maas doctor -- is this machine fit for it?
//
// Prints  one line a check; exits 6 when one is a problem.
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <torch/version.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/cores.h"
#include "base/error.h"
#include "base/json_writer.h"
#include "base/memory.h"
#include "base/version.h"
#include "call/builder.h"
#include "command.h"
#include "run/kernel_file.h"
#include "run/kernel_times.h"
#include "run/lower/linear_race.h"
#include "run/measure_plan.h"
#include "serve/grpc/load_module.h"

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
  return {"cores", Verdict::kOk,
          fmt::format("{} usable of {}", usable_cores(), std::thread::hardware_concurrency()), ""};
}

double gib(int64_t bytes) { return static_cast<double>(bytes) / (1 << 30); }

Check check_memory() {
  const double free = gib(available_memory());
  return {"memory", free < 1 ? Verdict::kWarning : Verdict::kOk,
          fmt::format("{:.1f} GiB free", free),
          free < 1 ? "close other programs, or use small models" : ""};
}

// Where runs go unless output_dir says otherwise.
Check check_disk() {
  std::error_code error;
  const auto space = std::filesystem::space(".", error);
  const double free = gib(static_cast<int64_t>(space.available));
  if (error || ::access(".", W_OK) != 0) {
    return {"working folder", Verdict::kProblem, "not writable",
            "change to a folder that is, or name output_dir"};
  }
  return {"working folder", free < 1 ? Verdict::kWarning : Verdict::kOk,
          fmt::format("writable, {:.1f} GiB free", free), free < 1 ? "make room" : ""};
}

// Runs are locked and renamed into place, which network file systems do not all do as they should.
Check check_file_system() {
  constexpr std::array<std::pair<long, const char*>, 4> kNetwork = {
      {{0x6969, "NFS"}, {0xFF534D42, "CIFS"}, {0xFE534D42, "SMB"}, {0x65735546, "FUSE"}}};
  struct statfs info {};
  if (::statfs(".", &info) != 0) return {"file system", Verdict::kWarning, "unknown", ""};
  for (const auto& [type, name] : kNetwork) {
    if (static_cast<uint32_t>(info.f_type) != static_cast<uint32_t>(type)) continue;
    return {"file system", Verdict::kWarning, name, "keep runs on a local disk if they get lost"};
  }
  return {"file system", Verdict::kOk, "local", ""};
}

Check check_port() {
  constexpr uint16_t kPort = 8000;  // of maas serve
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(kPort);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int reuse = 1;
  ::setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof(reuse));
  const bool is_free =
      ::bind(server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  if (server >= 0) ::close(server);
  return {"port 8000", is_free ? Verdict::kOk : Verdict::kWarning, is_free ? "free" : "taken",
          is_free ? "" : "give another to `maas serve`: --port 8001"};
}

Check check_files() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const bool few = limit.rlim_max < 4096;
  return {"open files", few ? Verdict::kWarning : Verdict::kOk,
          fmt::format("at most {}", limit.rlim_max),
          few ? "raise it (ulimit -n) to serve many connections" : ""};
}

// Optional: what is missing is told and no problem.
Check check_grpc() {
  try {
    const auto path = find_grpc_module();
    if (!path) {
      return {"gRPC", Verdict::kOk, "not built: `maas serve` has no --grpc-port", ""};
    }
    return {"gRPC", Verdict::kOk,
            fmt::format("{}, {}", load_grpc_module().library_version, path->string()), ""};
  } catch (const Error& error) {
    return {"gRPC", Verdict::kWarning, error.first().what, error.first().fix};
  }
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
    const auto plan = Plan::compile(program, {.plan_for = PlanFor::kInference});
    const LatencyStats stats = measure_latency(*plan, example_inputs(program, 1), {0.05, 0.1, 3});
    return {"self-test", Verdict::kOk, fmt::format("784-128-10 in {:.3f} ms", stats.p50_ms), ""};
  } catch (const std::exception& error) {
    return {"self-test", Verdict::kProblem, error.what(), "report it"};
  }
}

// What this machine prefers, in products of a small network, a batch and a transformer.
Check kernels_of_machine() {
  if (const auto& pinned = kernel_times().pinned()) {
    return {"kernels", Verdict::kOk, fmt::format("MAAS_KERNELS={}", *pinned), ""};
  }
  std::string found;
  KernelRace race(&kernel_times());
  for (const LinearSizes& sizes :
       {LinearSizes{1, 784, 128, true}, {64, 784, 128, true}, {128, 768, 3072, true}}) {
    const LinearKernel kernel = quickest_linear(race, LinearForm::kReady, sizes);
    found += fmt::format("{}{} at {}x{}x{}", found.empty() ? "" : ", ", kernel_name(kernel),
                         sizes.rows, sizes.in, sizes.out);
  }
  keep_kernel_times();
  const KernelFile& file = kernel_file();
  if (file.path().empty()) return {"kernels", Verdict::kOk, found + "; not kept", ""};
  if (!file.trouble().empty()) {
    return {"kernels", Verdict::kWarning,
            fmt::format("{}; not kept: {} {}", found, file.path().string(), file.trouble()),
            "name another file in MAAS_KERNELS, or none"};
  }
  return {"kernels", Verdict::kOk, fmt::format("{}; kept in {}", found, file.path().string()), ""};
}

Check check_kernels() {
  try {
    return kernels_of_machine();
  } catch (const Error& error) {  // MAAS_KERNELS
    const Problem& problem = error.first();
    return {"kernels", Verdict::kProblem, problem.where + ": " + problem.what, problem.fix};
  }
}

class Doctor : public Command {
 public:
  void declare(CLI::App&) override {}

  int run(Output& output) override {
    const std::vector<Check> checks = {
        {"maas", Verdict::kOk, fmt::format("{}, libtorch {}", maas_version(), TORCH_VERSION), ""},
        check_processor(),
        check_cores(),
        check_memory(),
        check_disk(),
        check_file_system(),
        check_files(),
        check_port(),
        check_grpc(),
        check_environment(),
        check_kernels(),
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
    return healthy ? 0 : static_cast<int>(ErrorKind::kRequirement);
  }
};

}  // namespace

std::unique_ptr<Command> make_doctor() { return std::make_unique<Doctor>(); }

}  // namespace maas
