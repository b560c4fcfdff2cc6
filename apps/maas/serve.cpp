// maas serve -- answer requests over HTTP, and over gRPC where asked for.
//
// Reads   models, again when they change; requests of the Open Inference Protocol v2 on a port,
// loopback by default. Prints  nothing on stdout but, with --json, one object when it is ready.
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "base/json_writer.h"
#include "base/throw_error.h"
#include "base/version.h"
#include "command.h"
#include "config/read_config.h"
#include "config/walk_fields.h"
#include "config_file.h"
#include "model/model_file.h"
#include "run/bf16_layers.h"
#include "serve/example_request.h"
#include "serve/model_loader.h"
#include "serve/plan_session.h"
#include "serve/server.h"
#include "serve/traffic.h"
#include "unread_guards.h"
#include "usage.h"

namespace maas {
namespace {

// What POST /predict takes.
const char* words_of_samples(const InputSpec& input) {
  if (input.kind == InputKind::kImage) return "an image";
  return input.is_one_text() ? "a text, or rows as JSON or CSV" : "rows as JSON or CSV";
}

class Serve : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option(
           "models", words_,
           "files, NAME=FILE, run folders, folders of NAME/VERSION/model.pt; serve.key=value")
        ->required();
    app.add_option("--port", port_, "TCP port, 8000 by default; 0 = any free one")
        ->check(whole_number(0, 65535));
    app.add_option("--grpc-port", grpc_port_,
                   "a port for gRPC (Open Inference Protocol); 0 = any free one")
        ->check(whole_number(0, 65535));
    app.add_option("--host", host_, "address to listen on, 127.0.0.1 by default");
    app.add_flag("--insecure", insecure_, "allow an address that other machines can reach");
    app.add_option("--name", name_, "the one model's name in URLs, instead of its own");
    app.add_option("--workers", workers_, "inferences at once; 0 = one a usable core")
        ->check(whole_number(0, 1024));
    app.add_option("--config", config_, "a YAML file with a serve section");
    app.add_option("--precision", precision_,
                   "fp32, or bf16 for layers that it makes quicker (AVX-512, AMX)")
        ->check(CLI::IsMember({"fp32", "bf16"}));
    app.add_option("--without-pass", without_, "leave out a lowering pass (repeatable)");
    app.add_flag("--dry-run", dry_run_,
                 "check the settings, read and prepare the models, open no port");
  }

  int run(Output& output) override {
    const ServeConfig config = read_settings();
    check_serve_config(config);
    spdlog::set_level(output.options.verbosity > 0 ? spdlog::level::debug : spdlog::level::info);
    at::set_num_threads(1);
    ModelLoader loader(sources_, parse_version_policy(config.versions, "serve.versions"),
                       [&](const ModelFile& file) { return open(file, config, output); });
    std::vector<std::string> notes;
    auto sessions = loader.load_all(notes);
    std::multimap<std::string, std::string, std::less<>> there;
    for (const auto& session : sessions) {
      there.emplace(session->info().name, session->info().version);
    }
    for (std::string& line : Traffic(config.models).missing(there))
      notes.push_back(std::move(line));
    for (const std::string& note : notes) output.warn(note);
    if (dry_run_) {
      output.result(output.json() ? R"({"verb":"serve","dry_run":true})"
                                  : fmt::format("{}: can be served; no port was opened",
                                                fmt::join(sources_, ", ")));
      return 0;
    }
    Server server(config, std::move(sessions), maas_version(), &loader);
    server.run([&] { announce(config, server, output); });
    output.say("stopped");
    return 0;
  }

 private:
  std::unique_ptr<Session> open(const ModelFile& file, const ServeConfig& config,
                                const Output& output) const {
    const Model model =
        load_model(file.path, config.share_weights ? FilePages::kShared : FilePages::kOwn);
    tell_unread_guards(model.program, output);
    std::string name = file.name.empty() ? model.name_or_stem(file.path) : file.name;
    if (!name_.empty()) name = name_;
    return make_plan_session(model, {.name = name,
                                     .disabled_passes = {without_.begin(), without_.end()},
                                     .version = file.version,
                                     .precision = precision_of(model, name, config, output)});
  }

  static Precision precision_of(const Model& model, const std::string& name,
                                const ServeConfig& config, const Output& output) {
    if (config.precision == "fp32") return Precision::kFp32;
    std::string why;
    Precision precision = bearable_precision(model.program, 1, why);
    if (why.starts_with(kNoBf16Layer)) {  // of a single row, but batches are larger
      try {
        precision = bearable_precision(model.program, 64, why);
      } catch (const Error&) {  // its batch is fixed
      }
    }
    output.say(fmt::format("serve.precision: {}: {}", name, why));
    return precision;
  }

  // Words that set something begin with "serve."; all others are models.
  ServeConfig read_settings() {
    std::vector<std::string> all;
    for (const std::string& word : words_) {
      const bool setting = word.starts_with("serve.") && word.find('=') != std::string::npos;
      if (!setting) refuse_bare_setting(word);
      (setting ? all : sources_).push_back(setting ? word : source(word));
    }
    if (sources_.empty()) {
      throw_usage("models", "none is named", "a model to serve", "name a .pt, a .pt2 or a folder");
    }
    if (!name_.empty() && sources_.size() > 1) {
      throw_usage("--name", "stands beside several models", "one model",
                  "write NAME=FILE for each");
    }
    if (port_) all.push_back(fmt::format("serve.port={}", *port_));
    if (grpc_port_) all.push_back(fmt::format("serve.grpc_port={}", *grpc_port_));
    if (workers_) all.push_back(fmt::format("serve.workers={}", *workers_));
    if (!host_.empty()) all.push_back("serve.host=" + json_quote(host_));
    if (insecure_) all.emplace_back("serve.insecure=true");
    if (!precision_.empty()) all.push_back("serve.precision=" + precision_);
    return read_config<ConfigFile>(
               {.file = config_, .text = "", .text_name = "the defaults", .overrides = all})
        .serve;
  }

  // A run folder is served as its model, and no folder of models.
  static std::string source(const std::string& word) {
    const std::filesystem::path folder(word);
    std::error_code ignored;
    const bool is_run = std::filesystem::is_directory(folder, ignored) &&
                        std::filesystem::exists(folder / "resolved.yaml", ignored);
    return is_run ? model_file(folder).string() : word;
  }

  // "poll=1s" would be the model "poll" in the file "1s".
  static void refuse_bare_setting(const std::string& word) {
    const size_t equals = word.find('=');
    std::error_code ignored;
    if (equals == std::string::npos || std::filesystem::exists(word, ignored) ||
        std::filesystem::exists(word.substr(equals + 1), ignored)) {
      return;
    }
    ServeConfig defaults;
    const std::vector<std::string> keys = config_keys(section_of(defaults));
    if (std::find(keys.begin(), keys.end(), word.substr(0, equals)) == keys.end()) return;
    throw_usage("command line: " + word,
                fmt::format("there is no file '{}'", word.substr(equals + 1)),
                "NAME=FILE, or a setting as serve.key=value",
                fmt::format("write serve.{} to set that", word));
  }

  static void announce(const ServeConfig& config, const Server& server, Output& output) {
    const bool v6 = config.host.find(':') != std::string::npos;
    const std::string host = v6 ? "[" + config.host + "]" : config.host;
    const std::string url =
        fmt::format("{}://{}:{}", config.tls.given() ? "https" : "http", host, server.port());
    const std::vector<SessionInfo> models = server.models();
    if (output.json()) {
      JsonWriter json;
      json.begin_object().field("verb", "serve").field("url", url);
      json.field("model", models.front().name).key("models").begin_array();
      for (const SessionInfo& model : models) {
        json.begin_object().field("name", model.name).field("version", model.version).end_object();
      }
      json.end_array().field("port", int64_t{server.port()}).field("workers", server.workers());
      if (server.grpc_port() != 0) json.field("grpc_port", int64_t{server.grpc_port()});
      if (server.health_port() != 0) json.field("health_port", int64_t{server.health_port()});
      output.result(json.end_object().text());
      std::fflush(stdout);
    }
    const std::string workers =
        fmt::format("{} worker{}", server.workers(), server.workers() == 1 ? "" : "s");
    std::set<std::string> names;
    for (const SessionInfo& model : models) names.insert(model.name);
    output.say(fmt::format(
        "serving {} with {}; Ctrl-C stops it",
        names.size() == 1 ? models[0].name : fmt::format("{} models", names.size()), workers));
    for (const SessionInfo& model : models) {
      if (models.size() > 1) output.say(fmt::format("{} version {}", model.name, model.version));
      output.say(fmt::format("  takes {}; gives {}", describe_tensors(model.inputs),
                             describe_tensors(model.outputs)));
    }
    const SessionInfo& model = models.front();
    const std::string path = names.size() == 1 ? "/predict" : "/predict/" + model.name;
    if (model.samples) {
      output.say(
          fmt::format("  {}{}  POST {}", url, path, words_of_samples(model.samples->data.input)));
    }
    output.say(
        fmt::format("  {}/v2/models/{}/infer  POST tensors in JSON or binary", url, model.name));
    output.say(fmt::format("  {}/v2/models/{}        what it takes and gives", url, model.name));
    output.say(fmt::format("  {}/v2/health/ready     200 while it answers", url));
    output.say(fmt::format("  {}/                    a page to try it on", url));
    if (server.grpc_port() != 0) {
      output.say(
          fmt::format("  {}:{}  gRPC, inference.GRPCInferenceService", host, server.grpc_port()));
    }
    output.say("  limits: " + limits(config, model));
    if (!config.keys.path.empty()) {
      output.say(
          "  requests need a key, but for health, /ping and the page: curl -H 'X-Api-Key: KEY' "
          "...");
    }
    std::string example = example_prediction(model, url, path);
    if (!config.keys.path.empty()) {
      example.insert(example.find("curl ") + 5, "-H 'X-Api-Key: KEY' ");
    }
    output.say("try it:\n  " + example);
  }

  static std::string limits(const ServeConfig& config, const SessionInfo& model) {
    int64_t batch = config.max_batch;
    if (model.max_batch > 0) batch = batch > 0 ? std::min(batch, model.max_batch) : model.max_batch;
    return fmt::format(
        "bodies of {:.4g} MiB, batches of {}, {} requests waiting; 503 to those that would wait "
        "longer than {:g} s",
        static_cast<double>(config.max_body_bytes) / (1 << 20),
        batch > 0 ? fmt::format("at most {}", batch) : "any size", config.queue_capacity,
        config.max_queue_wait.value);
  }

  std::string host_, name_, config_, precision_;
  std::vector<std::string> words_, sources_, without_;
  std::optional<int64_t> port_, grpc_port_, workers_;
  bool insecure_ = false, dry_run_ = false;
};

}  // namespace

std::unique_ptr<Command> make_serve() { return std::make_unique<Serve>(); }

}  // namespace maas
