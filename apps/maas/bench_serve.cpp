// maas bench serve -- how much a server takes, and how fast it answers meanwhile.
//
// Reads   what the server says of its model; a request from a file. Sends requests over HTTP to one
// server or two in turns; of a model file it starts the server.
// Prints  throughput, latency percentiles and errors by load; with -o also as a page or a picture.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>

#include <filesystem>

#include "base/files.h"
#include "base/json_writer.h"
#include "base/throw_error.h"
#include "command.h"
#include "load/child_program.h"
#include "load/load_report.h"
#include "load/model_requests.h"
#include "signals.h"
#include "tensor/json_view.h"
#include "usage.h"
#include "words.h"

namespace maas {
namespace {

constexpr double kStartSeconds = 120;
constexpr int64_t kLargestBody = int64_t{1} << 30;
constexpr int kOpenConnections = 2000;
constexpr int kPeakConnections = 64;
constexpr int kSignalExit = 128;  // docs/exit_codes.md

class BenchServe : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option(
           "targets", words_,
           "http://HOST:PORT[/v2/models/M], or a model to serve; one or two; serve.key=value")
        ->required();
    app.add_option("--protocol", protocol_, "json and binary are the Open Inference Protocol's")
        ->check(CLI::IsMember(load_protocol_names()));
    app.add_option("--model", model_, "which one, of a server that has several");
    app.add_option("--rows", rows_, "of each request, where the model leaves it open")
        ->check(whole_number(1, 1 << 20));
    app.add_option("--input", input_, "a file with the body to send, instead of made-up inputs");
    app.add_option("--connections", connections_,
                   "clients who each wait for their answer, 1,8,64; with --rate the most")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->check(whole_number(1, 60000));
    app.add_option("--rate", rates_, "requests a second, whether or not answers come: 100,1000")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->check(number(1e-3, 1e7));
    app.add_flag("--curve", curve_, "find the peak, then rates from a tenth to 200 % of it");
    app.add_option("--arrivals", arrivals_, "when the requests of a rate are sent; else poisson")
        ->check(CLI::IsMember({"poisson", "constant"}));
    app.add_option("--seconds", plan_.seconds, "how long to measure each load, 5 by default")
        ->check(number(0.01, 86400));
    app.add_option("--warmup", plan_.warmup_seconds, "before it, in seconds, 0.5 by default")
        ->check(number(0, 3600));
    app.add_option("--timeout", plan_.timeout_seconds, "of a request, in seconds, 10 by default")
        ->check(number(0.001, 3600));
    app.add_option("--rounds", rounds_, "turns that two servers take with each load, 4 by default")
        ->check(whole_number(1, 1000));
    app.add_option("--seed", seed_, "of made-up inputs and random arrivals, 1 by default")
        ->check(whole_number(0, INT64_MAX));
    app.add_option("--key", key_, "API key, sent as X-Api-Key");
    app.add_option("-o,--output", output_, "also write a page.html or a picture.svg");
  }

  int run(Output& output) override {
    check_words();
    LoadReport report;
    const std::vector<LoadedServer> servers = prepare(report, output);
    plan_.seed = static_cast<uint64_t>(seed_);
    const auto say = [&](const std::string& text) { output.detail("measuring " + text); };
    const std::atomic<int>& signal = watch_signals();
    plan_.stop = &signal;
    for (const LoadPlan& plan : loads(servers, report, say)) {
      LoadPoint point = measure_point(servers, plan, rounds_of(servers), say);
      if (signal != 0) break;
      report.points.push_back(std::move(point));
    }
    if (signal != 0) output.warn("interrupted; what was not measured to its end is left out");
    if (signal == 0 || !report.points.empty()) tell(report, output);
    return signal == 0 ? 0 : kSignalExit + signal;
  }

 private:
  void check_words() {
    for (const std::string& word : words_) {
      const bool setting = word.starts_with("serve.") && word.find('=') != std::string::npos;
      (setting ? settings_ : targets_).push_back(word);
    }
    if (targets_.empty() || targets_.size() > 2) {
      throw_usage("command line", fmt::format("{} targets", targets_.size()),
                  "a server, or two to compare", "name http://HOST:PORT or a model");
    }
    if (curve_ && !rates_.empty()) {
      throw_usage("--curve", "stands beside --rate", "one of them", "leave one of them out");
    }
    if (rates_.size() + static_cast<size_t>(curve_) > 0 && connections_.size() > 1) {
      throw_usage("--connections", "has several numbers",
                  "with rates one: the most that are opened", "give one");
    }
    refuse_stdout(output_);
    const std::string extension = std::filesystem::path(output_).extension().string();
    if (!output_.empty() && extension != ".html" && extension != ".svg") {
      throw_usage("-o", "'" + output_ + "'", "a name that ends in .html or .svg", "choose one");
    }
  }

  // A model is served by this program, on a free port.
  LoadTarget target_of(const std::string& word) {
    LoadTarget target{.endpoint = {}, .model = model_, .headers = {}};
    if (!key_.empty()) target.headers.emplace_back("X-Api-Key", key_);
    std::error_code ignored;
    const bool url = word.starts_with("http://") || word.starts_with("https://");
    if (url || (!std::filesystem::exists(word, ignored) && word.find(':') != std::string::npos)) {
      target.endpoint = parse_endpoint(word);
      return target;
    }
    if (!std::filesystem::exists(word, ignored)) {
      throw_input(word, "there is no such file, and it is no URL",
                  "http://HOST:PORT, or a model to start a server for", "check it");
    }
    std::vector<std::string> command = {std::filesystem::read_symlink("/proc/self/exe").string(),
                                        "serve",
                                        word,
                                        "--port",
                                        "0",
                                        "--json"};
    command.insert(command.end(), settings_.begin(), settings_.end());
    children_.push_back(std::make_unique<ChildProgram>(command));
    const std::string ready = children_.back()->first_line(kStartSeconds);
    simdjson::dom::parser parser;
    const JsonView said = parse_json(parser, ready.empty() ? "{}" : ready, word);
    if (!said.has("url")) {
      throw_input(word, "cannot be served", "a model that `maas serve` takes",
                  "it said: " + reason_of(said, children_.back()->errors()));
    }
    target.endpoint = parse_endpoint(said.at("url").text());
    return target;
  }

  // A server's error is one JSON object, too.
  static std::string reason_of(const JsonView& said, const std::string& errors) {
    if (!said.has("error")) return errors;
    const JsonView& error = said.at("error");
    return fmt::format("{}: {}\n{}", error.at("where").text(), error.at("what").text(), errors);
  }

  std::vector<LoadedServer> prepare(LoadReport& report, const Output& output) {
    AskOptions asked{.protocol = parse_load_protocol(protocol_),
                     .rows = rows_,
                     .body = input_.empty() ? "" : read_file(input_, kLargestBody),
                     .seed = static_cast<uint64_t>(seed_)};
    std::vector<LoadedServer> servers;
    for (const std::string& word : targets_) {
      const LoadTarget target = target_of(word);
      const ModelRequest request = make_model_request(target, asked);
      try_request(target, request, plan_.timeout_seconds);
      std::vector<std::string> inputs;
      for (const ModelInput& input : request.inputs) inputs.push_back(input.text());
      report.request =
          fmt::format("POST {}, {} bytes: {}", request.path, request.bytes.size(),
                      inputs.empty() ? input_ : fmt::format("{}", fmt::join(inputs, ", ")));
      output.say(fmt::format("{}: {}", word, report.request));
      servers.push_back({word, target.endpoint, request.bytes});
      report.servers.push_back(word);
    }
    return servers;
  }

  int rounds_of(const std::vector<LoadedServer>& servers) const {
    return servers.size() > 1 ? static_cast<int>(rounds_) : 1;
  }

  std::vector<LoadPlan> loads(const std::vector<LoadedServer>& servers, LoadReport& report,
                              const std::function<void(const std::string&)>& say) const {
    std::vector<LoadPlan> plans;
    std::vector<double> rates = rates_;
    if (curve_) {
      LoadPlan closed = plan_;
      closed.connections = kPeakConnections;
      LoadPoint point = measure_point(servers, closed, rounds_of(servers), say);
      if (*plan_.stop != 0) return {};
      report.points.push_back(std::move(point));
      double peak = 0;
      for (const LoadResult& result : report.points[0].results) {
        peak = std::max(peak, result.throughput());
      }
      rates = curve_rates(peak);
    }
    for (const double rate : rates) {
      LoadPlan& plan = plans.emplace_back(plan_);
      plan.arrivals = arrivals_ == "constant" ? Arrivals::kConstant : Arrivals::kPoisson;
      plan.rate = rate;
      plan.connections =
          connections_.empty() ? kOpenConnections : static_cast<int>(connections_[0]);
    }
    if (!plans.empty()) return plans;
    for (const int64_t count :
         connections_.empty() ? std::vector<int64_t>{1, 8, 64} : connections_) {
      plans.emplace_back(plan_).connections = static_cast<int>(count);
    }
    return plans;
  }

  void tell(const LoadReport& report, const Output& output) const {
    if (!output_.empty()) {
      write_file_atomically(output_, output_.ends_with(".svg") ? line_chart_file(load_chart(report))
                                                               : report_html(load_page(report)));
      output.say("wrote " + output_);
    }
    if (!output.json()) return output.result(load_table(report));
    JsonWriter json;
    json.begin_object().field("verb", "bench-serve");
    write_load(json, report);
    output.result(json.end_object().text());
  }

  std::string protocol_ = "json", model_, input_, arrivals_ = "poisson", key_, output_;
  std::vector<std::string> words_, targets_, settings_;
  std::vector<int64_t> connections_;
  std::vector<double> rates_;
  int64_t rows_ = 1, rounds_ = 4, seed_ = 1;
  bool curve_ = false;
  LoadPlan plan_;
  std::vector<std::unique_ptr<ChildProgram>> children_;
};

}  // namespace

std::unique_ptr<Command> make_bench_serve() { return std::make_unique<BenchServe>(); }

}  // namespace maas
