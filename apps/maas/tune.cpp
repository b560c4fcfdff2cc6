// maas tune -- search settings: random trials, of which the better ones are trained longer.
//
// Reads   a config with a section `tune`, its data.
// Writes  a folder: tune.jsonl (a line for each training), a run folder for each, best.yaml,
//         report.html. What is there already is not trained again with --resume.
// Prints  the best settings, and how much each setting matters.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>

#include "base/cores.h"
#include "base/files.h"
#include "base/json_writer.h"
#include "base/shell_word.h"
#include "base/throw_error.h"
#include "command.h"
#include "config/read_config.h"
#include "config/write_config.h"
#include "config_file.h"
#include "evaluate/evaluate.h"
#include "learning_run.h"
#include "record/run_folder.h"
#include "signals.h"
#include "sources.h"
#include "train/make_job.h"
#include "train/suggest_threads.h"
#include "train/tune_config.h"
#include "tune_record.h"
#include "tune_report.h"
#include "words.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

class Tune : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("config", words_, "a YAML file with a section tune, then key=value overrides")
        ->required();
    app.add_option("-o,--output", folder_, "the folder of the search, runs/NAME-tune by default");
    app.add_flag("--resume", resume_, "go on with the search in the folder");
    app.add_flag("--dry-run", dry_run_, "print what would be tried, train nothing");
  }

  int run(Output& output) override {
    const std::atomic<int>& signal = watch_signals();
    refuse_stdout(folder_);
    read_settings();
    if (dry_run_) {
      output.result(plan());
      return 0;
    }
    take_folder();
    TuneRecord record(fs::path(folder_) / "tune.jsonl");
    for (const TunedTrial& known : record.all()) check_known(known);
    std::vector<int64_t> left;
    for (int64_t trial = 0; trial < config_.tune.trials; ++trial) left.push_back(trial);
    for (size_t round = 0; round < epochs_.size(); ++round) {
      if (round > 0) left = best_of(left, static_cast<int64_t>(round) - 1, record);
      for (const int64_t trial : left) {
        if (record.find(trial, static_cast<int64_t>(round)) != nullptr) continue;
        if (signal.load() != 0) interrupted();
        record.add(train(trial, static_cast<int64_t>(round), output));
        tell(record.all().back(), left.size(), output);
      }
    }
    return finish(left, record, output);
  }

 private:
  void read_settings() {
    file_ = words_[0];
    overrides_.assign(words_.begin() + 1, words_.end());
    config_ = read(overrides_);
    space_ = search_space(config_.tune);
    for (const SearchRange& range : space_) refuse_unread(range.setting);
    const Experiment& experiment = config_.experiment;
    if (experiment.train.steps) {
      throw_usage("train.steps", "is set: a search gives its rounds epochs", "train.epochs",
                  "leave train.steps out");
    }
    const bool validates = experiment.data.validation > 0 ||
                           experiment.data.validation_source.given() || experiment.train.folds > 0;
    if (!validates) {
      throw_usage("tune", "the config keeps no rows apart to choose by",
                  "data.validation or train.folds", "set data.validation=0.1");
    }
    epochs_ = round_epochs(config_.tune, experiment.train.epochs);
    metric_ = config_.tune.metric;
    if (metric_.empty()) metric_ = experiment.train.early_stop.metric;
    const TaskKind task = experiment.data.task_kind();
    if (metric_.empty()) metric_ = metrics_to_compute(experiment.eval, task).at(0);
    check_metric_names({metric_}, task, "tune.metric");
    if (folder_.empty()) folder_ = (fs::path("runs") / (experiment.name + "-tune")).string();
    // Whatever is no setting, or no value of one, is found before anything is trained.
    for (int64_t trial = 0; trial < config_.tune.trials; ++trial) of_trial(trial, 0);
  }

  // A setting of another verb would be drawn, and change nothing.
  void refuse_unread(const std::string& setting) {
    Fields all, read;
    config_.describe(all);
    config_.experiment.describe(read);
    const std::string section = setting.substr(0, setting.find('.'));
    const auto has = [&](const Fields& fields) {
      return std::ranges::any_of(fields.list,
                                 [&](const auto& field) { return field->name == section; });
    };
    if (!has(all) || has(read)) return;
    throw_usage("tune.settings: " + setting, "is nothing that training reads",
                "a setting of data, model or train",
                fmt::format("leave it out; `maas {}` takes it", section));
  }

  ConfigFile read(const std::vector<std::string>& overrides) const {
    ConfigFile config;
    read_config({.file = file_, .overrides = overrides}, section_of(config));
    return config;
  }

  std::map<std::string, std::string> drawn(int64_t trial) const {
    std::map<std::string, std::string> settings;
    for (const SearchRange& range : space_) {
      settings[range.setting] =
          drawn_value(range, static_cast<uint64_t>(config_.experiment.seed), trial);
    }
    return settings;
  }

  std::string folder_of(int64_t trial, int64_t round) const {
    return (fs::path(folder_) / fmt::format("trial-{:03}-round-{}", trial + 1, round + 1)).string();
  }

  Experiment of_trial(int64_t trial, int64_t round) const {
    std::vector<std::string> overrides = overrides_;
    for (const auto& [name, value] : drawn(trial)) overrides.push_back(name + "=" + value);
    Experiment experiment = read(overrides).experiment;
    experiment.train.epochs = epochs_[static_cast<size_t>(round)];
    experiment.output_dir = folder_of(trial, round);
    experiment.eval.require.clear();
    std::vector<std::string>& metrics = experiment.eval.metrics;
    metrics = metrics_to_compute(experiment.eval, experiment.data.task_kind());
    if (std::find(metrics.begin(), metrics.end(), metric_) == metrics.end()) {
      metrics.push_back(metric_);
    }
    // What is watched during training is what the search compares.
    experiment.train.early_stop.metric = metric_;
    return experiment;
  }

  static std::string size_text(int64_t trials, int64_t epochs) {
    return fmt::format("{} trial{} of {} epoch{}", trials, trials == 1 ? "" : "s", epochs,
                       epochs == 1 ? "" : "s");
  }

  std::string plan() const {
    std::string text;
    int64_t trials = config_.tune.trials;
    for (size_t round = 0; round < epochs_.size(); ++round) {
      if (round > 0) trials = kept(trials);
      text += fmt::format("round {}: {}\n", round + 1, size_text(trials, epochs_[round]));
    }
    for (int64_t trial = 0; trial < std::min<int64_t>(config_.tune.trials, 3); ++trial) {
      text += fmt::format("trial {}: {}\n", trial + 1, settings_text(drawn(trial)));
    }
    return text + (config_.tune.trials > 3 ? "...\n" : "");
  }

  int64_t kept(int64_t trials) const {
    return std::max<int64_t>(1, (trials + config_.tune.keep - 1) / config_.tune.keep);
  }

  void take_folder() const {
    const fs::path record = fs::path(folder_) / "tune.jsonl";
    std::error_code ignored;
    if (fs::exists(record, ignored) && !resume_) {
      throw_usage(folder_, "holds a search", "a new folder",
                  "go on with --resume, or name another folder with -o");
    }
    if (!fs::exists(record, ignored) && resume_) {
      throw_input(folder_, "holds no search", "a folder that maas tune wrote",
                  "leave --resume out, or name it with -o");
    }
    if (resume_) return;
    check_empty(folder_);
    fs::create_directories(folder_);
    write_file_atomically(record, "");  // stopped before its first line, it goes on all the same
  }

  // A search goes on as it was begun.
  void check_known(const TunedTrial& known) const {
    const bool same = known.round < static_cast<int64_t>(epochs_.size()) &&
                      known.epochs == epochs_[static_cast<size_t>(known.round)] &&
                      known.settings == drawn(known.trial);
    if (same) return;
    throw_usage(folder_,
                fmt::format("trial {} was tried with {} and {} epochs", known.trial + 1,
                            settings_text(known.settings), known.epochs),
                fmt::format("{}, as the config draws now", settings_text(drawn(known.trial))),
                "give the config of then (settings, rounds, seed, epochs), or another folder");
  }

  // NaN is worse than everything.
  bool better(const TunedTrial& a, const TunedTrial& b) const {
    if (std::isnan(a.value) || std::isnan(b.value)) return !std::isnan(a.value);
    return higher_is_better(metric_) ? a.value > b.value : a.value < b.value;
  }

  std::vector<int64_t> best_of(std::vector<int64_t> trials, int64_t round,
                               const TuneRecord& record) const {
    std::stable_sort(trials.begin(), trials.end(), [&](int64_t a, int64_t b) {
      return better(*record.find(a, round), *record.find(b, round));
    });
    trials.resize(static_cast<size_t>(kept(static_cast<int64_t>(trials.size()))));
    return trials;
  }

  TunedTrial train(int64_t trial, int64_t round, const Output& output) const {
    TunedTrial done{.trial = trial,
                    .round = round,
                    .epochs = epochs_[static_cast<size_t>(round)],
                    .settings = drawn(trial),
                    .value = std::nan("")};
    const auto start = std::chrono::steady_clock::now();
    try {
      done.value = value_of(of_trial(trial, round), output);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::kInterrupted) interrupted();
      if (error.kind() == ErrorKind::kResources) throw;
      done.error = error.first().where + ": " + error.first().what;
    }
    done.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return done;
  }

  double value_of(Experiment experiment, const Output& output) const {
    FitJob job = make_job(experiment);
    job.resume = holds_run(experiment.output_dir);
    set_threads(experiment.train.threads > 0
                    ? experiment.train.threads
                    : suggest_threads(job.program, job.train.batch_size, usable_cores()));
    Output quiet = output;
    quiet.options.quiet = true;
    LearningRun run(
        {.verb = "train",
         .resolved = write_config(experiment),
         .words = words_,
         .folder = {.folder = experiment.output_dir, .name = experiment.name, .resume = job.resume},
         .log_every = experiment.train.log_every},
        job, quiet);
    double value = std::nan("");
    run.run([&](const FitResult& result) {
      const auto found = result.validation.find(metric_);
      if (found == result.validation.end()) {
        throw Error(ErrorKind::kFailed,
                    {.where = metric_,
                     .what = "is not defined on the validation rows (of one class, say)",
                     .expected = "a metric that they have",
                     .fix = "name another one: tune.metric"});
      }
      value = found->second;
      run.note_status("finished");
      return 0;
    });
    return value;
  }

  void tell(const TunedTrial& trial, size_t of, const Output& output) const {
    const std::string found = trial.error.empty() ? fmt::format("{} {:.4f}", metric_, trial.value)
                                                  : "failed: " + trial.error;
    output.say(fmt::format("round {} ({}), trial {}: {}  [{}]", trial.round + 1,
                           size_text(static_cast<int64_t>(of), trial.epochs), trial.trial + 1,
                           found, settings_text(trial.settings)));
  }

  [[noreturn]] void interrupted() const {
    throw Error(ErrorKind::kInterrupted,
                {.where = folder_,
                 .what = "stopped by a signal; what was tried is in tune.jsonl",
                 .expected = "",
                 .fix = fmt::format("go on with: maas tune {} -o {} --resume", shell_words(words_),
                                    shell_word(folder_))});
  }

  int finish(const std::vector<int64_t>& left, const TuneRecord& record,
             const Output& output) const {
    const auto last = static_cast<int64_t>(epochs_.size()) - 1;
    const TunedTrial& best = *record.find(best_of(left, last, record).front(), last);
    if (std::isnan(best.value)) {
      throw Error(ErrorKind::kFailed,
                  {.where = folder_,
                   .what = "no trial of the last round has a value: " + best.error,
                   .expected = fmt::format("a number for {}", metric_),
                   .fix = "look at tune.jsonl; name another tune.metric, or narrow tune.settings"});
    }
    const fs::path config = fs::path(folder_) / "best.yaml";
    write_file_atomically(config, best_config(best));
    const TuneFindings findings{config_.experiment.name, metric_, space_, record.all(), best};
    write_file_atomically(fs::path(folder_) / "report.html", tune_report_html(findings));
    output.result(output.json() ? tune_json(findings, config.string())
                                : tune_text(findings, config.string()));
    output.say(fmt::format("report: {}\nnext: maas train {}",
                           (fs::path(folder_) / "report.html").string(),
                           shell_word(config.string())));
    return 0;
  }

  // The config that was searched, and the best settings on top.
  std::string best_config(const TunedTrial& best) const {
    const fs::path base = fs::absolute(file_);
    const fs::path folder = fs::absolute(folder_).lexically_normal();
    std::string text = fmt::format(
        "# Written by maas tune: trial {}, {} {:.4f} on validation rows.\nextends: {}\n",
        best.trial + 1, metric_, best.value,
        json_quote(base.lexically_normal().lexically_relative(folder).string()));
    std::vector<std::string> settings = overrides_;
    for (const auto& [name, value] : best.settings) settings.push_back(name + "=" + value);
    return text + nested_settings(settings);
  }

  std::vector<std::string> words_, overrides_;
  std::string file_, folder_, metric_;
  ConfigFile config_;
  std::vector<SearchRange> space_;
  std::vector<int64_t> epochs_;  // of each round
  bool resume_ = false, dry_run_ = false;
};

}  // namespace

std::unique_ptr<Command> make_tune() { return std::make_unique<Tune>(); }

}  // namespace maas
