// maas bench -- how fast a model answers.
//
// Reads   the model; inputs are made up, or read from a file as `maas predict` takes it.
// Prints  latency percentiles and throughput by threads and batch; --profile: time by operator.
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <map>

#include "base/json_writer.h"
#include "base/throw_error.h"
#include "command.h"
#include "model/model_file.h"
#include "predict_tensors.h"
#include "run/bf16_layers.h"
#include "run/kernel_times.h"
#include "run/lower.h"
#include "run/measure_plan.h"
#include "run/profile_plan.h"
#include "unread_guards.h"
#include "usage.h"

namespace maas {
namespace {

constexpr double kRaceSeconds = 10;  // as if many starts before this one had timed their kernels

struct Row {
  int64_t batch = 1, threads = 1;
  LatencyStats latency;
  std::vector<OperatorTime> profile = {};
  double throughput() const { return 1000 * static_cast<double>(batch) / latency.mean_ms; }
};

class Bench : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("model", model_, "a model: .pt or .pt2, or a run folder")->required();
    app.add_option("--batch", batches_, "rows a call; 1,64, or what the model is fixed to")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->check(whole_number(1, 1 << 24));
    app.add_option("--input", input_,
                   "a JSON file as `maas predict` takes it, instead of made-up inputs");
    app.add_option("--threads", threads_, "threads of one operator, 1 to 1024, such as 1,2")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->check(whole_number(1, 1024));
    app.add_option("--seconds", seconds_, "how long to measure each, at most 3600")
        ->check(number(1e-3, 3600));
    app.add_flag("--kernels", kernels_,
                 "also what kernels were measured on this machine, and which won");
    app.add_flag("--profile", profile_,
                 "also where the time goes, by operator; -v: by result, too");
    app.add_option("--precision", precision_,
                   "fp32, or bf16 for layers that it makes quicker (AVX-512, AMX)")
        ->check(CLI::IsMember({"fp32", "bf16"}));
    app.add_option("--without-pass", without_, "leave out a lowering pass (repeatable)");
  }

  int run(Output& output) override {
    model_ = model_file(model_).string();
    const Model model = load_model(model_);
    tell_unread_guards(model.program, output);
    const std::vector<at::Tensor> given = given_inputs(model);
    if (batches_.empty()) batches_ = usual_batches(model.program);
    const std::set<std::string> disabled(without_.begin(), without_.end());
    std::vector<PassTiming> timings;
    lower(model.program, {.disabled = disabled}, &timings);
    for (const PassTiming& pass : timings) {
      output.detail(fmt::format("pass {}: {} -> {} nodes in {:.1f} ms", pass.name,
                                pass.nodes_before, pass.nodes_after, 1000 * pass.seconds));
    }
    std::map<int64_t, Precision> precisions;
    for (const int64_t batch : batches_) {
      std::string why;
      precisions[batch] =
          precision_ == "bf16" ? bearable_precision(model.program, batch, why) : Precision::kFp32;
      if (!why.empty()) output.say(fmt::format("batch {}: {}", batch, why));
    }
    std::vector<Row> rows;
    for (const int64_t threads : threads_) {
      at::set_num_threads(static_cast<int>(threads));
      for (const int64_t batch : batches_) {
        const auto plan = Plan::compile(model.program, {.plan_for = PlanFor::kInference,
                                                        .disabled_passes = disabled,
                                                        .rows = batch,
                                                        .precision = precisions.at(batch),
                                                        .race_seconds = kRaceSeconds});
        const std::vector<at::Tensor> inputs = given.empty() ? working_inputs(*plan, batch) : given;
        rows.push_back({batch, threads, {}});
        rows.back().latency = measure_latency(
            *plan, inputs,
            {.warmup_seconds = std::min(0.5, seconds_), .seconds = seconds_, .min_calls = 3});
        if (profile_) rows.back().profile = profile_plan(*plan, inputs, std::min(2.0, seconds_));
        output.detail(fmt::format("measured batch {} with {} threads", batch, threads));
      }
    }
    if (output.json()) {
      output.result(json_text(rows));
    } else {
      output.result(text(rows) + profile_text(rows, output.options.verbosity > 0) +
                    (kernels_ ? kernel_text() : ""));
    }
    return 0;
  }

 private:
  // One measurement, of as many rows as the first input has.
  std::vector<at::Tensor> given_inputs(const Model& model) {
    if (input_.empty()) return {};
    if (!batches_.empty()) {
      throw_usage("bench", "--input and --batch", "one of the two",
                  "the file says how many rows a call has");
    }
    std::vector<at::Tensor> inputs = read_tensors(model, model_, input_);
    batches_ = {inputs.empty() || inputs[0].dim() == 0 ? 1 : inputs[0].size(0)};
    return inputs;
  }

  static std::string text(const std::vector<Row>& rows) {
    std::string table = fmt::format("{:>7} {:>6} {:>10} {:>10} {:>10} {:>12}\n", "threads", "batch",
                                    "p50 ms", "p90 ms", "p99 ms", "rows/s");
    for (const Row& row : rows) {
      const LatencyStats& l = row.latency;
      table += fmt::format("{:>7} {:>6} {:>10.4f} {:>10.4f} {:>10.4f} {:>12.1f}\n", row.threads,
                           row.batch, l.p50_ms, l.p90_ms, l.p99_ms, row.throughput());
    }
    table.pop_back();
    return table;
  }

  // Shares of the operators' sum, which is a little less than the latency.
  static std::string profile_text(const std::vector<Row>& rows, bool by_result) {
    constexpr size_t kMost = 25;
    std::string table;
    for (const Row& row : rows) {
      const auto times = by_result ? row.profile : by_operator(row.profile);
      if (times.empty()) continue;
      double all = 0;
      for (const OperatorTime& time : times) all += time.ms;
      table +=
          fmt::format("\n\nwhere the time goes: {} threads, batch {}\n{:>10} {:>7} {:>6}  operator",
                      row.threads, row.batch, "ms", "share", "nodes");
      for (size_t i = 0; i < std::min(kMost, times.size()); ++i) {
        const OperatorTime& time = times[i];
        table += fmt::format("\n{:>10.4f} {:>6.1f}% {:>6}  {}{}{}", time.ms, 100 * time.ms / all,
                             time.nodes, time.op, time.result.empty() ? "" : "  ", time.result);
      }
      if (times.size() > kMost) table += fmt::format("\n… and {} more", times.size() - kMost);
    }
    return table;
  }

  static std::string kernel_text() {
    if (const auto& pinned = kernel_times().pinned()) {
      return fmt::format("\n\nkernels: MAAS_KERNELS={}, nothing measured", *pinned);
    }
    std::string table = "\n\nkernels, microseconds a call; * = taken";
    for (const auto& [product, measured] : kernel_times().all()) {
      table += "\n" + product;
      for (const auto& [name, seconds] : measured.seconds) {
        table +=
            fmt::format("  {}{} {:.1f}", name == measured.winner ? "*" : "", name, 1e6 * seconds);
      }
    }
    return table;
  }

  static void write_latency(JsonWriter& json, const LatencyStats& latency) {
    json.field("p50", latency.p50_ms).field("p90", latency.p90_ms).field("p99", latency.p99_ms);
  }

  static void write_profile(JsonWriter& json, const std::vector<OperatorTime>& profile) {
    json.key("profile").begin_array();
    for (const OperatorTime& time : profile) {
      json.begin_object().field("operator", time.op).field("result", time.result);
      json.field("nodes", time.nodes).field("ms", time.ms).end_object();
    }
    json.end_array();
  }

  static void write_kernels(JsonWriter& json) {
    json.key("kernels").begin_object();
    for (const auto& [product, measured] : kernel_times().all()) {
      json.key(product).begin_object().field("winner", measured.winner);
      json.key("seconds").begin_object();
      for (const auto& [name, seconds] : measured.seconds) json.field(name, seconds);
      json.end_object().end_object();
    }
    json.end_object();
  }

  std::string json_text(const std::vector<Row>& rows) const {
    JsonWriter json;
    json.begin_object().field("verb", "bench").field("model", model_).key("latency_ms");
    json.begin_object();
    for (const Row& row : rows) {
      if (row.threads != threads_[0]) continue;
      json.key(std::to_string(row.batch)).begin_object();
      write_latency(json, row.latency);
      json.end_object();
    }
    json.end_object().key("throughput_per_s").begin_object();
    for (const Row& row : rows) {
      if (row.threads == threads_[0]) json.field(std::to_string(row.batch), row.throughput());
    }
    json.end_object().key("results").begin_array();
    for (const Row& row : rows) {
      json.begin_object().field("threads", row.threads).field("batch", row.batch);
      write_latency(json, row.latency);
      json.field("calls", row.latency.calls).field("throughput_per_s", row.throughput());
      if (profile_) write_profile(json, row.profile);
      json.end_object();
    }
    json.end_array();
    if (kernels_) write_kernels(json);
    json.end_object();
    return json.take();
  }

  std::string model_, input_;
  std::vector<int64_t> batches_, threads_ = {1};
  double seconds_ = 2;
  bool kernels_ = false, profile_ = false;
  std::vector<std::string> without_;
  std::string precision_ = "fp32";
};

}  // namespace

std::unique_ptr<Command> make_bench() { return std::make_unique<Bench>(); }

}  // namespace maas
