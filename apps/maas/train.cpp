// maas train -- learn from data as a config says.
//
// Reads   the config, its data; with --resume a run folder.
// Writes  a run folder (docs/run_folder.md) with model.pt in it.
// Prints  the model's path and its metrics.
#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include "base/cores.h"
#include "base/files.h"
#include "base/json_writer.h"
#include "base/shell_word.h"
#include "base/throw_error.h"
#include "baseline_words.h"
#include "command.h"
#include "config/read_config.h"
#include "config/write_config.h"
#include "config_file.h"
#include "data/batches.h"
#include "evaluate/evaluate.h"
#include "evaluate/requirement.h"
#include "find_rate_report.h"
#include "importance_words.h"
#include "judge_run.h"
#include "learning_run.h"
#include "model/derived.h"
#include "run/plan.h"
#include "signals.h"
#include "sources.h"
#include "train/baselines.h"
#include "train/fold_rows.h"
#include "train/make_job.h"
#include "train/remembered_config.h"
#include "train/run_settings.h"
#include "train/suggest_threads.h"
#include "train_progress.h"
#include "train_report.h"
#include "words.h"

namespace maas {
namespace {

class Train : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("config", words_, "a YAML file, then key=value overrides");
    app.add_option("--resume", resume_, "go on with the run in this folder");
    app.add_option("-o,--output", output_dir_, "run folder, instead of output_dir");
    app.add_flag("--force", force_, "set an existing run in the folder aside");
    app.add_flag("--find-lr", find_rate_,
                 "show where the loss falls while the learning rate rises; write nothing");
    app.add_flag("--dry-run", dry_run_, "read, build, run one batch, write nothing");
  }

  int run(Output& output) override {
    // Read. Whatever the user can get wrong is found here, before any work starts.
    watch_signals();
    refuse_stdout(output_dir_);
    if (find_rate_ && !resume_.empty()) {
      throw_usage("command line: --find-lr", "stands beside --resume", "a config", "leave one out");
    }
    Experiment experiment = read_experiment();
    const FitJob job = with_places(places_, [&] { return read_job(experiment, output); });
    set_threads(experiment.train.threads > 0
                    ? experiment.train.threads
                    : suggest_threads(job.program, job.train.batch_size, usable_cores()));
    if (dry_run_) return dry_run(job, output);
    if (find_rate_) {
      report_rate_search(job, words_[0], watch_signals(), output);
      return 0;
    }

    // Work.
    const std::string resolved = write_config(experiment);
    LearningRun run({.verb = "train",
                     .resolved = resolved,
                     .words = words_,
                     .folder = {.folder = experiment.output_dir,
                                .name = experiment.name,
                                .resume = !resume_.empty(),
                                .force = force_},
                     .log_every = experiment.train.log_every},
                    job, output);
    // Report, then publish.
    return run.run(
        [&](const FitResult& result) {
          return publish({experiment, run, result, resolved}, output);
        },
        [&](const FitResult& result) {
          return publish_so_far({experiment, run, result, resolved});
        });
  }

 private:
  Experiment read_experiment() {
    std::string file = words_.empty() ? "" : words_[0];
    if (resume_.empty() && file.find('=') != std::string::npos && !std::filesystem::exists(file)) {
      throw_usage("command line", "no config before '" + file + "'", "a YAML file, then key=value",
                  "name it first: maas train my.yaml " + file);
    }
    std::vector<std::string> overrides(words_.begin() + (words_.empty() ? 0 : 1), words_.end());
    if (!resume_.empty()) {
      if (file.find('=') == std::string::npos && !file.empty()) {
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
    if (!resume_.empty()) set_older_defaults(config.experiment);
    places_ = read_config({.file = file, .overrides = overrides}, section_of(config));
    Experiment experiment = std::move(config.experiment);
    // Those of older runs have what builds a network beside model.from, too.
    if (resume_.empty() && std::filesystem::path(file).filename() != "resolved.yaml") {
      with_places(places_, [&] { refuse_built_beside_from(places_, experiment.model); });
    }
    if (!resume_.empty()) {
      // Before anything is written: a run keeps the settings that it was started with.
      Experiment started_with;
      set_older_defaults(started_with);
      read_config({.file = file}, section_of(started_with));
      check_same_settings(run_settings(started_with), run_settings(experiment), resume_);
      experiment.output_dir = resume_;
    }
    if (!output_dir_.empty()) experiment.output_dir = output_dir_;
    return experiment;
  }

  FitJob read_job(const Experiment& experiment, const Output& output) {
    const std::string& from = experiment.model.from.path;
    if (!from.empty()) parent_ = load_model(from);
    FitJob job =
        make_job(experiment, {.network = parent_ ? &*parent_ : nullptr, .network_name = from});
    show_data_warnings(job.data.warnings, output);
    job.resume = !resume_.empty();
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

  struct Finished {
    const Experiment& experiment;
    LearningRun& run;
    const FitResult& result;
    const std::string& resolved;
    const FitJob& job() const { return run.job(); }
    const RunFolder& folder() const { return run.folder(); }
    HeldOutResult judge() const { return judge_run(run.job(), result, run.progress()); }
  };

  Model made_of(const Finished& run) const {
    Change change{.seed = run.experiment.seed};
    Model model;
    if (!parent_) {
      model.program = run.result.program;
      model.manifest.lineage = first_step("train", change);
    } else {
      const std::filesystem::path from = run.experiment.model.from.path;
      change.text = "fine-tuned from " + from.filename().string();
      model = derived(*parent_, "train", run.result.program, change);
    }
    model.manifest.name = run.experiment.name;
    remember_config(model, run.experiment, run.folder().path());
    return model;
  }

  std::string save(const Finished& run, const HeldOutResult& held) const {
    Model model = made_of(run);
    model.manifest.data = held.spec;
    model.manifest.metrics = held.found.metrics.values;
    const auto path = run.folder().file("model.pt");
    save_model(model, path, {.replace = true});
    return path.string();
  }

  int publish(const Finished& run, Output& output) const {
    const HeldOutResult held = run.judge();
    const Metrics& metrics = held.found.metrics;
    const std::string path = save(run, held);
    TrainProgress& progress = run.run.progress();
    const std::vector<Baseline> baselines = baselines_of(run, *held.rows, held.by_folds);
    const Importance importance = importance_of(run.job(), run.result, held);
    write_report(run, held, path,
                 baseline_tables(baselines, metrics, held.name, run.job().eval.metrics),
                 importance_charts(importance, held.name));
    run.run.note_status("finished");
    const std::vector<Problem> missed = unmet(metrics, run.job().eval.require);
    const Judged judged{run, metrics, baselines, importance, missed, held.name};
    if (output.json()) {
      output.result(as_json(path, judged, progress.warnings()));
    } else {
      report(path, judged, progress, output);
    }
    if (!missed.empty()) throw Error(ErrorKind::kRequirement, missed);
    return 0;
  }

  // After a signal. What cannot be done is a warning: the state is saved, and the run goes on from
  // there.
  std::string publish_so_far(const Finished& run) const {
    try {
      const HeldOutResult held = run.judge();
      const std::string path = save(run, held);
      write_report(run, held, path, {}, {});
      std::string text = fmt::format("{} and report.html have the best so far", path);
      for (const auto& [name, value] :
           in_order(held.found.metrics.values, run.job().eval.metrics)) {
        text += fmt::format("{} {} {:.4f}", text.ends_with("so far") ? ":" : ",", name, value);
      }
      return text + fmt::format(" on the {} split", held.name);
    } catch (const Error& error) {
      run.run.progress().warn("no model of the best so far: " + error.first().text());
      return "there is no model yet";
    }
  }

  static std::vector<Baseline> baselines_of(const Finished& run, const Dataset& held_out,
                                            bool by_folds) {
    const FitJob& job = run.job();
    BaselineSplits splits{*job.data.train, held_out};
    if (by_folds) {
      std::vector<std::string> told;  // when training began
      splits.folds = fold_rows(job.data, job.train.folds, job.seed, told);
    }
    return table_baselines(splits, job.eval.metrics);
  }

  struct Judged {
    const Finished& run;
    const Metrics& metrics;
    const std::vector<Baseline>& baselines;
    const Importance& importance;
    const std::vector<Problem>& missed;
    const std::string held_out;
  };

  // The model is there: a page that cannot be written is a warning.
  static void write_report(const Finished& run, const HeldOutResult& held, const std::string& path,
                           const std::vector<ReportTable>& tables,
                           const std::vector<BarChart>& bars) {
    const TrainReport page{
        run.experiment,     run.job(),    run.result, *held.rows, held.name, held.found.predictions,
        held.found.metrics, run.resolved, path,       tables,     bars};
    try {
      write_file_atomically(run.folder().file("report.html"),
                            train_report_html(page, run.folder().path().string()));
    } catch (const Error& error) {
      run.run.progress().warn("no report.html: " + error.first().text());
    }
  }

  // `missed`: what eval.require asks and the model does not give; then it is an error as well.
  static std::string as_json(const std::string& path, const Judged& judged,
                             const std::vector<std::string>& warnings) {
    const auto& [run, metrics, baselines, importance, missed, held_out] = judged;
    JsonWriter json;
    json.begin_object().field("verb", "train").field("run", run.folder().path().string());
    json.field("model", path).key("metrics").begin_object();
    for (const auto& [name, value] : in_order(metrics.values, run.job().eval.metrics)) {
      json.field(name, value);
    }
    json.end_object().field("steps", run.result.steps).field("seconds", run.result.seconds);
    if (!baselines.empty()) write_baselines(json, baselines, run.job().eval.metrics);
    write_importance(json, importance);
    json.key("warnings").begin_array();
    for (const std::string& warning : warnings) json.value(warning);
    json.end_array();
    if (!missed.empty()) write_error(json, Error(ErrorKind::kRequirement, missed));
    json.end_object();
    return json.take();
  }

  static void report(const std::string& path, const Judged& judged, const TrainProgress& progress,
                     Output& output) {
    const auto& [run, metrics, baselines, importance, missed, held_out] = judged;
    const std::vector<std::string>& warnings = progress.warnings();
    std::string line = path + ":";
    for (const auto& [name, value] : in_order(metrics.values, run.job().eval.metrics)) {
      line += fmt::format(" {} {:.4f}", name, value);
    }
    output.result(line);
    for (const std::string& told : baseline_lines(baselines, held_out, run.job().eval.metrics)) {
      output.say(told);
    }
    const std::string goes_by = importance_line(importance);
    if (!goes_by.empty()) output.say(goes_by);
    if (!warnings.empty()) {
      output.say(fmt::format("{} warning{}: see {}", warnings.size(),
                             warnings.size() == 1 ? "" : "s",
                             run.folder().file("warnings.txt").string()));
    }
    output.say(
        fmt::format("trained {} steps in {:.1f} s; report: {}\n"
                    "next: maas serve {} --port 8000, or maas predict {} {}",
                    run.result.steps, run.result.seconds, run.folder().file("report.html").string(),
                    shell_word(path), shell_word(path), example_file(run.job())));
  }

  std::vector<std::string> words_;
  ConfigPlaces places_;
  std::string resume_, output_dir_;
  std::optional<Model> parent_;  // model.from
  bool force_ = false, dry_run_ = false, find_rate_ = false;
};

}  // namespace

std::unique_ptr<Command> make_train() { return std::make_unique<Train>(); }

}  // namespace maas
