// maas train -- learn from data as a config says.
//
// Reads   the config, its data; with --resume a run folder.
// Writes  a run folder (docs/run_folder.md) with model.pt in it.
// Prints  the model's path and its metrics.
#include <ATen/Parallel.h>
#include <ATen/ops/isfinite.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/cores.h"
#include "base/files.h"
#include "base/json_writer.h"
#include "base/throw_error.h"
#include "command.h"
#include "config/read_config.h"
#include "config/write_config.h"
#include "config_file.h"
#include "data/batches.h"
#include "data/open_data.h"
#include "evaluate/predict_all.h"
#include "evaluate/requirement.h"
#include "model/derived.h"
#include "record/environment.h"
#include "record/run_folder.h"
#include "run/plan.h"
#include "sources.h"
#include "tensor/random.h"
#include "train/check_job.h"
#include "train/fit.h"
#include "train/run_settings.h"
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
    std::optional<Model> parent;
    FitJob job = with_places(places_, [&] {
      check_experiment(experiment);
      if (!experiment.model.from.path.empty()) parent = load_model(experiment.model.from.path);
      return make_job(experiment, parent ? &*parent : nullptr, output);
    });
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
    write_file_atomically(folder.file("env.json"), environment_json(words_));
    folder.set_status("running");
    TrainProgress progress(output, folder, experiment.train.log_every);
    progress.keep(job.data.warnings);
    try {
      const FitResult result = fit(job, folder, progress.watcher(signal));
      progress.finish();
      if (result.interrupted) interrupted(folder, result, progress);

      // Report, then publish.
      return publish(experiment, {job, folder, result, resolved, parent ? &*parent : nullptr},
                     progress, output);
    } catch (const Error& error) {
      progress.finish();
      const bool ended =
          error.kind() == ErrorKind::kInterrupted || error.kind() == ErrorKind::kRequirement;
      if (!ended) note_status(folder, "failed", error.first().what, progress);
      throw;
    }
  }

 private:
  Experiment read_experiment() {
    std::string file = words_.empty() ? "" : words_[0];
    if (resume_.empty() && file.find('=') != file.npos && !std::filesystem::exists(file)) {
      throw_usage("command line", "no config before '" + file + "'", "a YAML file, then key=value",
                  "name it first: maas train my.yaml " + file);
    }
    std::vector<std::string> overrides(words_.begin() + (words_.empty() ? 0 : 1), words_.end());
    if (!resume_.empty()) {
      if (file.find('=') == file.npos && !file.empty()) {
        throw_usage(file, "is given beside --resume", "key=value; the run has its own config",
                    "leave it out: maas train --resume " + resume_);
      }
      if (!file.empty()) overrides.insert(overrides.begin(), file);
      if (!holds_run(resume_)) {
        throw_input(resume_, "holds no run", "a folder that maas train wrote",
                    "name the run's folder, such as runs/mnist_mlp");
      }
      file = (std::filesystem::path(resume_) / "resolved.yaml").string();
    }
    if (file.empty()) {
      throw_usage("command line", "no config", "a YAML file",
                  "name one, or write one with `maas init`");
    }
    ConfigFile config;
    places_ = read_config({.file = file, .overrides = overrides}, section_of(config));
    Experiment experiment = std::move(config.experiment);
    if (!resume_.empty()) {
      // Before anything is written: a run keeps the settings that it was started with.
      const auto started_with = read_config<Experiment>({.file = file});
      check_same_settings(run_settings(started_with), run_settings(experiment), resume_);
      experiment.output_dir = resume_;
    }
    if (!output_dir_.empty()) experiment.output_dir = output_dir_;
    return experiment;
  }

  FitJob make_job(const Experiment& experiment, const Model* parent, const Output& output) const {
    FitJob job;
    job.seed = static_cast<uint64_t>(experiment.seed);
    const DataSpec* known = parent && parent->manifest.data ? &*parent->manifest.data : nullptr;
    job.data = open_data(experiment.data, job.seed, known);
    show_warnings(job.data.warnings, output);
    job.data_config = experiment.data;
    job.train = experiment.train;
    job.eval = experiment.eval;
    job.eval.metrics =
        with_required(experiment.eval.metrics.empty() ? default_metrics(job.data.spec.task.kind)
                                                      : experiment.eval.metrics,
                      experiment.eval.require);
    check_metric_names(job.eval.metrics, job.data.spec.task.kind, "eval.metrics");
    job.resume = !resume_.empty();
    const BuildOptions build = build_options(experiment);
    job.program = parent ? adopt(*parent, experiment.model.from.path, build, job.data.spec)
                         : build_model(experiment.model, job.data.spec, build);
    job.settings = run_settings(experiment);
    check_job(job);
    return job;
  }

  // A network that exists keeps its output, and with it the scale that its loss is measured in.
  static Program adopt(const Model& parent, const std::string& from, const BuildOptions& build,
                       DataSpec& spec) {
    Program program = adopt_model(parent.program, spec, build, from);
    std::vector<TargetScale> scales;
    if (parent.manifest.data) scales = parent.manifest.data->task.scales;
    if (scales.size() != spec.task.labels.size()) scales.clear();
    spec.task.scales = std::move(scales);
    return program;
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

  // A list of thousands of skipped files would hide the rest.
  static void show_warnings(const std::vector<std::string>& warnings, const Output& output) {
    constexpr size_t kMost = 20;
    for (size_t i = 0; i < std::min(warnings.size(), kMost); ++i) output.warn(warnings[i]);
    if (warnings.size() <= kMost) return;
    output.warn(fmt::format("... {} more of these; all are in warnings.txt of the run folder",
                            warnings.size() - kMost));
  }

  // A status that cannot be written must not hide what it says.
  static void note_status(const RunFolder& folder, const std::string& status,
                          const std::string& reason, TrainProgress& progress) {
    try {
      folder.set_status(status, reason);
    } catch (const Error& error) {
      progress.warn("no STATUS: " + error.first().text());
    }
  }

  [[noreturn]] static void interrupted(const RunFolder& folder, const FitResult& result,
                                       TrainProgress& progress) {
    std::string saved = "the state is saved";
    if (result.saved_step == 0) {
      saved = "no checkpoint could be written";
    } else if (result.saved_step != result.steps) {
      saved = fmt::format("the state of step {} is saved", result.saved_step);
    }
    note_status(folder, "interrupted", fmt::format("at step {}; {}", result.steps, saved),
                progress);
    throw Error(ErrorKind::kInterrupted,
                {.where = folder.path().string(),
                 .what = fmt::format("stopped by a signal at step {}; {}", result.steps, saved),
                 .expected = "",
                 .fix = "go on with: maas train --resume " + folder.path().string()});
  }

  struct Finished {
    const FitJob& job;
    const RunFolder& folder;
    const FitResult& result;
    const std::string& resolved;
    const Model* parent;  // null: the network was built
  };

  static Model made_of(const Experiment& experiment, const Finished& run) {
    Change change{.seed = experiment.seed};
    Model model;
    if (run.parent == nullptr) {
      model.program = run.result.program;
      model.manifest.lineage = first_step("train", change);
    } else {
      const std::filesystem::path from = experiment.model.from.path;
      change.text = "fine-tuned from " + from.filename().string();
      model = derived(*run.parent, "train", run.result.program, change);
    }
    model.manifest.name = experiment.name;
    model.manifest.data = run.job.data.spec;
    model.manifest.resolved_config = run.resolved;
    return model;
  }

  static int publish(const Experiment& experiment, const Finished& run, TrainProgress& progress,
                     Output& output) {
    const DataSplits& data = run.job.data;
    const auto held_out = data.test ? data.test : data.validation ? data.validation : data.train;
    const auto plan = Plan::compile(run.result.program,
                                    {.plan_for = PlanFor::kInference,
                                     .rows = std::min(run.job.eval.batch_size, held_out->size())});
    const char* held_out_name = data.test ? "test" : data.validation ? "validation" : "train";
    const Predictions predictions =
        predict_all(*plan, *held_out, data.spec.task, run.job.eval.batch_size);
    check_outputs(predictions, held_out_name, progress);
    const Metrics metrics = compute_metrics(predictions, run.job.eval.metrics);
    Model model = made_of(experiment, run);
    model.manifest.metrics = metrics.values;
    const auto path = run.folder.file("model.pt");
    save_model(model, path, {.replace = true});
    const TrainReport page{experiment,  run.job, run.result,   *held_out,    held_out_name,
                           predictions, metrics, run.resolved, path.string()};
    write_report(page, run.folder, progress);
    note_status(run.folder, "finished", "", progress);
    const std::vector<Problem> missed = unmet(metrics, run.job.eval.require);
    if (output.json()) {
      output.result(as_json(path.string(), run, metrics, missed, progress.warnings()));
    } else {
      report(path.string(), run, metrics, progress, output);
    }
    if (!missed.empty()) throw Error(ErrorKind::kRequirement, missed);
    return 0;
  }

  // Finite weights can still be so large that what comes out is none.
  static void check_outputs(const Predictions& predictions, const char* split,
                            TrainProgress& progress) {
    const int64_t rows = predictions.outputs.size(0);
    const int64_t broken = rows - at::isfinite(predictions.outputs).all(1).sum().item<int64_t>();
    if (broken == 0) return;
    const std::string what =
        fmt::format("the outputs are not finite for {} of {} {} samples", broken, rows, split);
    if (2 * broken < rows) return progress.warn("model: " + what);
    throw Error(ErrorKind::kDiverged,
                {.where = "model",
                 .what = what,
                 .expected = "finite outputs",
                 .fix = "lower train.learning_rate, or set train.clip_norm=1"});
  }

  // The model is there: a page that cannot be written is a warning.
  static void write_report(const TrainReport& page, const RunFolder& folder,
                           TrainProgress& progress) {
    try {
      write_file_atomically(folder.file("report.html"),
                            train_report_html(page, folder.path().string()));
    } catch (const Error& error) {
      progress.warn("no report.html: " + error.first().text());
    }
  }

  // `missed`: what eval.require asks and the model does not give; then it is an error as well.
  static std::string as_json(const std::string& path, const Finished& run, const Metrics& metrics,
                             const std::vector<Problem>& missed,
                             const std::vector<std::string>& warnings) {
    JsonWriter json;
    json.begin_object().field("verb", "train").field("run", run.folder.path().string());
    json.field("model", path).key("metrics").begin_object();
    for (const auto& [name, value] : metrics.values) json.field(name, value);
    json.end_object().field("steps", run.result.steps).field("seconds", run.result.seconds);
    json.key("warnings").begin_array();
    for (const std::string& warning : warnings) json.value(warning);
    json.end_array();
    if (!missed.empty()) write_error(json, Error(ErrorKind::kRequirement, missed));
    json.end_object();
    return json.take();
  }

  static void report(const std::string& path, const Finished& run, const Metrics& metrics,
                     const TrainProgress& progress, Output& output) {
    const std::vector<std::string>& warnings = progress.warnings();
    std::string line = path + ":";
    for (const auto& [name, value] : metrics.values) line += fmt::format(" {} {:.4f}", name, value);
    output.result(line);
    if (!warnings.empty()) {
      output.say(fmt::format("{} warning{}, the first: {}", warnings.size(),
                             warnings.size() == 1 ? "" : "s", warnings[0]));
    }
    output.say(fmt::format(
        "trained {} steps in {:.1f} s; report: {}\nnext: maas serve {} --port 8000",
        run.result.steps, run.result.seconds, run.folder.file("report.html").string(), path));
  }

  std::vector<std::string> words_;
  ConfigPlaces places_;
  std::string resume_, output_dir_;
  bool force_ = false, dry_run_ = false;
};

}  // namespace

std::unique_ptr<Command> make_train() { return std::make_unique<Train>(); }

}  // namespace maas
