// maas train -- learn from data as a config says.
//
// Reads   the config, its data; with --resume a run folder.
// Writes  a run folder (docs/run_folder.md) with model.pt in it.
// Prints  the model's path and its metrics.
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <filesystem>

#include "base/cores.h"
#include "base/files.h"
#include "base/json_writer.h"
#include "command.h"
#include "config/read_config.h"
#include "config/write_config.h"
#include "config_file.h"
#include "data/batches.h"
#include "data/open_data.h"
#include "evaluate/predict_all.h"
#include "evaluate/requirement.h"
#include "run/plan.h"
#include "sources.h"
#include "tensor/random.h"
#include "train/environment.h"
#include "train/fit.h"
#include "train/run_folder.h"
#include "train/suggest_threads.h"
#include "train_progress.h"
#include "train_report.h"
#include "zoo/adopt_model.h"

namespace maas {
namespace {

class Train : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("config", words_, "a YAML file, then key=value overrides");
    app.add_option("--resume", resume_, "go on with the run in this folder");
    app.add_option("-o,--output", output_dir_, "run folder, instead of output_dir");
    app.add_flag("--force", force_, "set an existing run in the folder aside");
    app.add_flag("--dry-run", dry_run_, "read, build, run one batch, write nothing");
  }

  int run(Output& output) override {
    // Read. Whatever the user can get wrong is found here, before any work starts.
    const std::atomic<int>& signal = watch_signals();
    Experiment experiment = read_experiment();
    FitJob job = with_places(places_, [&] { return make_job(experiment, output); });
    set_threads(experiment.train.threads > 0
                    ? experiment.train.threads
                    : suggest_threads(job.program, job.train.batch_size, usable_cores()));
    if (dry_run_) return dry_run(job, output);

    // Work.
    RunFolder folder({.folder = experiment.output_dir,
                      .name = experiment.name,
                      .resume = !resume_.empty(),
                      .force = force_});
    const std::string resolved = write_config(experiment);
    write_file_atomically(folder.file("resolved.yaml"), resolved);
    write_file_atomically(folder.file("env.json"), environment_json(MAAS_VERSION, words_));
    folder.set_status("running");
    TrainProgress progress(output, folder, experiment.train.log_every);
    FitResult result;
    try {
      result = fit(job, folder, progress.watcher(signal));
    } catch (const Error& error) {
      progress.finish();
      folder.set_status("failed", error.first().what);
      throw;
    }
    progress.finish();
    if (result.interrupted) return interrupted(folder, result, output);

    // Report, then publish.
    return publish(experiment, job, folder, result, resolved, output);
  }

 private:
  Experiment read_experiment() {
    std::string file = words_.empty() ? "" : words_[0];
    if (resume_.empty() && file.find('=') != file.npos && !std::filesystem::exists(file)) {
      throw Error(ErrorKind::kUsage, {.where = "command line",
                                      .what = "no config before '" + file + "'",
                                      .expected = "a YAML file, then key=value",
                                      .fix = "name it first: maas train my.yaml " + file,
                                      .excerpt = ""});
    }
    std::vector<std::string> overrides(words_.begin() + (words_.empty() ? 0 : 1), words_.end());
    if (!resume_.empty()) {
      if (!file.empty()) overrides.insert(overrides.begin(), file);
      if (!holds_run(resume_)) {
        throw Error(ErrorKind::kInput, {.where = resume_,
                                        .what = "holds no run",
                                        .expected = "a folder that maas train wrote",
                                        .fix = "name the run's folder, such as runs/mnist_mlp",
                                        .excerpt = ""});
      }
      file = (std::filesystem::path(resume_) / "resolved.yaml").string();
    }
    if (file.empty()) {
      throw Error(ErrorKind::kUsage, {.where = "command line",
                                      .what = "no config",
                                      .expected = "a YAML file",
                                      .fix = "name one, or write one with `maas init`",
                                      .excerpt = ""});
    }
    ConfigFile config;
    places_ = read_config({.file = file, .text = "", .text_name = "", .overrides = overrides},
                          section_of(config));
    Experiment experiment = std::move(config.experiment);
    if (!resume_.empty()) experiment.output_dir = resume_;
    if (!output_dir_.empty()) experiment.output_dir = output_dir_;
    return experiment;
  }

  FitJob make_job(const Experiment& experiment, const Output& output) const {
    FitJob job;
    job.seed = static_cast<uint64_t>(experiment.seed);
    check_experiment(experiment);
    job.data = open_data(experiment.data, job.seed);
    for (const std::string& warning : job.data.warnings) output.warn(warning);
    job.data_config = experiment.data;
    job.train = experiment.train;
    job.eval = experiment.eval;
    job.eval.metrics =
        with_required(experiment.eval.metrics.empty() ? default_metrics(job.data.spec.task.kind)
                                                      : experiment.eval.metrics,
                      experiment.eval.require);
    check_metric_names(job.eval.metrics, job.data.spec.task.kind, "eval.metrics");
    job.resume = !resume_.empty();
    const BuildOptions build{.seed = mix_seed(job.seed, "init"),
                             .normalize = normalize_of(experiment.data.normalize),
                             .embed_categories = experiment.data.categorical == "embedding"};
    const std::string& from = experiment.model.from.path;
    job.program = from.empty() ? build_model(experiment.model, job.data.spec, build)
                               : adopt_model(load_model(from).program, job.data.spec, build, from);
    Experiment fixed = experiment;  // what may change between start and resume is left out
    fixed.output_dir.clear();
    fixed.train.checkpoint = {};
    fixed.train.threads = 0;
    fixed.train.log_every = 1;
    job.config_digest = sha256_hex(write_config(fixed));
    return job;
  }

  static int dry_run(const FitJob& job, Output& output) {
    const auto plan = Plan::compile(job.program);
    const Batch batch = job.data.train->rows(
        permutation(job.data.train->size(), job.seed, 0)
            .slice(0, 0, std::min<int64_t>(job.train.batch_size, job.data.train->size())));
    const auto outputs = plan->run(batch.inputs);
    if (output.json()) {
      JsonWriter json;
      json.begin_object().field("verb", "train").field("dry_run", true);
      json.field("samples", job.data.train->size()).field("batch", batch.size());
      json.field("parameters", job.program.parameter_count());
      json.field("bytes", job.program.byte_count()).end_object();
      output.result(json.text());
      return 0;
    }
    output.result(fmt::format(
        "{} training samples, {} parameters ({} bytes), one batch of {} runs: nothing was written",
        job.data.train->size(), job.program.parameter_count(), job.program.byte_count(),
        batch.size()));
    return 0;
  }

  static int interrupted(const RunFolder& folder, const FitResult& result, Output& output) {
    folder.set_status("interrupted", fmt::format("at step {}", result.steps));
    throw Error(
        ErrorKind::kInterrupted,
        {.where = folder.path().string(),
         .what = fmt::format("stopped by a signal at step {}; the state is saved", result.steps),
         .expected = "",
         .fix = "go on with: maas train --resume " + folder.path().string(),
         .excerpt = ""});
    (void)output;
  }

  static int publish(const Experiment& experiment, const FitJob& job, const RunFolder& folder,
                     const FitResult& result, const std::string& resolved, Output& output) {
    const auto plan = Plan::compile(result.program, {.lower = true, .disabled_passes = {}});
    const auto held_out = job.data.test         ? job.data.test
                          : job.data.validation ? job.data.validation
                                                : job.data.train;
    const char* held_out_name = job.data.test         ? "test"
                                : job.data.validation ? "validation"
                                                      : "train";
    const Predictions predictions =
        predict_all(*plan, *held_out, job.data.spec.task, job.eval.batch_size);
    const Metrics metrics = compute_metrics(predictions, job.eval.metrics);
    Model model;
    model.program = result.program;
    model.manifest.name = experiment.name;
    model.manifest.data = job.data.spec;
    model.manifest.metrics = metrics.values;
    model.manifest.resolved_config = resolved;
    model.manifest.lineage = {"train", "", experiment.model.from.path, now_iso(), MAAS_VERSION};
    const auto path = folder.file("model.pt");
    save_model(model, path, {.replace = true});
    const TrainReport page{experiment,  job,     result,   *held_out,    held_out_name,
                           predictions, metrics, resolved, path.string()};
    write_file_atomically(folder.file("report.html"),
                          train_report_html(page, folder.path().string()));
    folder.set_status("finished");
    report(path.string(), folder, metrics, result, output);
    const std::vector<Problem> missed = unmet(metrics, job.eval.require);
    if (!missed.empty()) throw Error(ErrorKind::kRequirement, missed);
    return 0;
  }

  static void report(const std::string& path, const RunFolder& folder, const Metrics& metrics,
                     const FitResult& result, Output& output) {
    if (output.json()) {
      JsonWriter json;
      json.begin_object().field("verb", "train").field("run", folder.path().string());
      json.field("model", path).key("metrics").begin_object();
      for (const auto& [name, value] : metrics.values) json.field(name, value);
      json.end_object().field("steps", result.steps).field("seconds", result.seconds).end_object();
      return output.result(json.text());
    }
    std::string line = path + ":";
    for (const auto& [name, value] : metrics.values) line += fmt::format(" {} {:.4f}", name, value);
    output.result(line);
    output.say(
        fmt::format("trained {} steps in {:.1f} s; report: {}\nnext: maas serve {} --port 8000",
                    result.steps, result.seconds, folder.file("report.html").string(), path));
  }

  std::vector<std::string> words_;
  ConfigPlaces places_;
  std::string resume_, output_dir_;
  bool force_ = false, dry_run_ = false;
};

}  // namespace

std::unique_ptr<Command> make_train() { return std::make_unique<Train>(); }

}  // namespace maas
