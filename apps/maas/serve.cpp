// maas serve -- answer requests over HTTP.
//
// Reads   the model; requests of the Open Inference Protocol v2 on a port, loopback by default.
// Prints  nothing on stdout but, with --json, one object when it is ready.
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/json_writer.h"
#include "base/version.h"
#include "command.h"
#include "config/read_config.h"
#include "config_file.h"
#include "serve/example_request.h"
#include "serve/plan_session.h"
#include "serve/server.h"
#include "usage.h"

namespace maas {
namespace {

class Serve : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("model", model_, "a model: .pt or .pt2")->required();
    app.add_option("overrides", overrides_, "serve.key=value settings");
    app.add_option("--port", port_, "TCP port, 8000 by default; 0 = any free one")
        ->check(whole_number(0, 65535));
    app.add_option("--host", host_, "address to listen on, 127.0.0.1 by default");
    app.add_flag("--insecure", insecure_, "allow an address that other machines can reach");
    app.add_option("--name", name_, "the model's name in URLs, instead of its own");
    app.add_option("--workers", workers_, "inferences at once; 0 = one a usable core")
        ->check(whole_number(0, 1024));
    app.add_option("--config", config_, "a YAML file with a serve section");
    app.add_option("--without-pass", without_, "leave out a lowering pass (repeatable)");
    app.add_flag("--dry-run", dry_run_, "read and prepare the model, open no port");
  }

  int run(Output& output) override {
    const ServeConfig config = read_settings();
    spdlog::set_level(output.options.verbosity > 0 ? spdlog::level::debug : spdlog::level::info);
    at::set_num_threads(1);
    const Model model =
        load_model(model_, config.share_weights ? FilePages::kShared : FilePages::kOwn);
    auto session =
        make_plan_session(model, {.name = name_.empty() ? model.name_or_stem(model_) : name_,
                                  .disabled_passes = {without_.begin(), without_.end()}});
    if (dry_run_) {
      output.result(output.json() ? R"({"verb":"serve","dry_run":true})"
                                  : model_ + ": can be served; no port was opened");
      return 0;
    }
    Server server(config, std::move(session), maas_version());
    server.run([&] { announce(config, server, output); });
    output.say("stopped");
    return 0;
  }

 private:
  ServeConfig read_settings() {
    std::vector<std::string> all = overrides_;
    if (port_) all.push_back(fmt::format("serve.port={}", *port_));
    if (workers_) all.push_back(fmt::format("serve.workers={}", *workers_));
    if (!host_.empty()) all.push_back("serve.host=" + json_quote(host_));
    if (insecure_) all.push_back("serve.insecure=true");
    return read_config<ConfigFile>(
               {.file = config_, .text = "", .text_name = "the defaults", .overrides = all})
        .serve;
  }

  static void announce(const ServeConfig& config, const Server& server, Output& output) {
    const bool v6 = config.host.find(':') != std::string::npos;
    const std::string url =
        fmt::format("http://{}:{}", v6 ? "[" + config.host + "]" : config.host, server.port());
    const std::string& name = server.model().name;
    if (output.json()) {
      JsonWriter json;
      json.begin_object().field("verb", "serve").field("url", url).field("model", name);
      json.field("port", int64_t{server.port()}).field("workers", server.workers()).end_object();
      output.result(json.text());
      std::fflush(stdout);
    }
    const SessionInfo& model = server.model();
    output.say(fmt::format("serving {} with {} worker{}; Ctrl-C stops it", name, server.workers(),
                           server.workers() == 1 ? "" : "s"));
    output.say(fmt::format("  takes {}; gives {}", describe_tensors(model.inputs),
                           describe_tensors(model.outputs)));
    output.say(fmt::format("  {}/v2/models/{}        what it takes and gives", url, name));
    output.say(fmt::format("  {}/v2/models/{}/infer  POST tensors in JSON", url, name));
    output.say(fmt::format("  {}/v2/health/ready     200 while it answers", url));
    output.say("  limits: " + limits(config, model));
    output.say("try it:\n  " + example_curl(model, url));
  }

  static std::string limits(const ServeConfig& config, const SessionInfo& model) {
    int64_t batch = config.max_batch;
    if (model.max_batch > 0) batch = batch > 0 ? std::min(batch, model.max_batch) : model.max_batch;
    return fmt::format(
        "bodies of {:.4g} MiB, batches of {}, {} requests waiting for at most {:g} s",
        static_cast<double>(config.max_body_bytes) / (1 << 20),
        batch > 0 ? fmt::format("at most {}", batch) : "any size", config.queue_capacity,
        config.request_timeout.value);
  }

  std::string model_, host_, name_, config_;
  std::vector<std::string> overrides_, without_;
  std::optional<int64_t> port_, workers_;
  bool insecure_ = false, dry_run_ = false;
};

}  // namespace

std::unique_ptr<Command> make_serve() { return std::make_unique<Serve>(); }

}  // namespace maas
