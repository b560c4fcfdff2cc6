// maas distill -- a small network learns from a large one.
//
// Reads   the teacher; its data as it remembers them, or as a config says; the student's network.
// Writes  a run folder (docs/run_folder.md) and the student, model.pt in it or the file of -o.
// Prints  the student's path; exits 6 when it is worse than the teacher by more than the gate.
#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include "base/cores.h"
#include "base/files.h"
#include "command.h"
#include "config/write_config.h"
#include "evaluate/evaluate.h"
#include "learning_run.h"
#include "signals.h"
#include "sources.h"
#include "student.h"
#include "train/make_job.h"
#include "train/remembered_config.h"
#include "train/suggest_threads.h"
#include "train_report.h"
#include "transform/transform_report.h"
#include "transform_verb.h"

namespace maas {
namespace {

class Distill : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("teacher", flags_.words, "the teacher, a config, key=value settings");
    app.add_option("-o,--output", flags_.output,
                   "the student's file, instead of model.pt of the run");
    app.add_option("--resume", resume_, "go on with the run in this folder");
    app.add_flag("--force", flags_.force, "replace an existing file, set an existing run aside");
    app.add_flag("--keep", flags_.keep, "write the student although the gate is not met");
    app.add_flag("--dry-run", flags_.dry_run, "read, build, take one step, write nothing");
  }

  int run(Output& output) override {
    watch_signals();
    StudentSetup setup = read_student({.words = flags_.words, .resume = resume_});
    Experiment& experiment = setup.input.config.experiment;
    const FitJob job = with_places(setup.input.places, [&] { return make_student(setup); });
    show_data_warnings(job.data.warnings, output);
    set_threads(experiment.train.threads > 0
                    ? experiment.train.threads
                    : suggest_threads(job.program, job.train.batch_size, usable_cores()));
    if (flags_.dry_run) return dry_run(setup, job, output);
    if (flags_.output.empty()) flags_.output = remembered_output();
    if (!flags_.output.empty()) result_path(setup.input, flags_, "");  // before the work
    LearningRun run({.verb = "distill",
                     .resolved = write_config(setup.input.config),
                     .words = flags_.words,
                     .folder = {.folder = experiment.output_dir,
                                .name = experiment.name,
                                .resume = !resume_.empty(),
                                .force = flags_.force},
                     .log_every = experiment.train.log_every},
                    job, output);
    flags_.run = run.folder().path().string();
    if (!flags_.output.empty()) {
      write_file_atomically(run.folder().file(kOutputFile),
                            std::filesystem::absolute(flags_.output).string());
    }
    return run.run([&](const FitResult& result) { return finish(setup, run, result, output); });
  }

 private:
  // -o of the command that began the run; "" = it had none.
  std::string remembered_output() const {
    const auto file = std::filesystem::path(resume_) / kOutputFile;
    std::error_code ignored;
    const bool is_there = !resume_.empty() && std::filesystem::is_regular_file(file, ignored);
    return is_there ? read_file(file) : "";
  }

  int finish(const StudentSetup& setup, LearningRun& run, const FitResult& result,
             const Output& output) {
    const FitJob& job = run.job();
    TransformJob transform_job = student_transform(setup, job, result.program);
    transform_job.say = [&](const std::string& text) { output.detail(text); };
    Transformed done = transform(setup.input.model, transform_job);
    const Experiment& experiment = setup.input.config.experiment;
    done.model.manifest.name = experiment.name;
    done.model.manifest.data = job.data.spec;
    const std::string path = flags_.output.empty() ? run.folder().file("model.pt").string()
                                                   : result_path(setup.input, flags_, "");
    // Seen from the file, so that the bytes do not depend on where the run was.
    remember_config(done.model, experiment, std::filesystem::absolute(path).parent_path());
    write_page(setup, run, {result, done.report, path});
    run.note_status("finished");
    return publish(std::move(done), setup.input, path, flags_, output);
  }

  struct Trained {
    const FitResult& result;
    const TransformReport& report;
    const std::string& path;
  };

  // The page of a training run with the comparison in front. The student is there: a page that
  // cannot be written is a warning.
  static void write_page(const StudentSetup& setup, LearningRun& run, const Trained& trained) {
    const FitJob& job = run.job();
    Experiment experiment = setup.input.config.experiment;
    const std::string resolved = write_config(experiment);
    const DataSplits& data = job.data;
    const auto held_out = data.test ? data.test : data.validation ? data.validation : data.train;
    const auto [predictions, metrics] =
        evaluate(trained.result.program, *held_out, data.spec.task, job.eval);
    const TrainReport page{.experiment = experiment,
                           .job = job,
                           .result = trained.result,
                           .held_out = *held_out,
                           .held_out_name = trained.report.split,
                           .predictions = predictions,
                           .metrics = metrics,
                           .resolved_yaml = resolved,
                           .model_path = trained.path,
                           .tables = report_tables(trained.report)};
    try {
      write_file_atomically(run.folder().file("report.html"),
                            train_report_html(page, run.folder().path().string()));
    } catch (const Error& error) {
      run.progress().warn("no report.html: " + error.first().text());
    }
  }

  static int dry_run(const StudentSetup& setup, const FitJob& job, Output& output) {
    const std::string text = fmt::format(
        "{} training samples; teacher {} with {} parameters, student with {}: nothing was written",
        job.data.train->size(), setup.input.path, setup.input.model.program.parameter_count(),
        job.program.parameter_count());
    if (!output.json()) {
      output.result(text);
      return 0;
    }
    JsonWriter json;
    json.begin_object().field("verb", "distill").field("dry_run", true);
    json.field("samples", job.data.train->size()).key("parameters").begin_object();
    json.field("before", setup.input.model.program.parameter_count());
    json.field("after", job.program.parameter_count()).end_object().end_object();
    output.result(json.text());
    return 0;
  }

  TransformFlags flags_;
  std::string resume_;
};

}  // namespace

std::unique_ptr<Command> make_distill() { return std::make_unique<Distill>(); }

}  // namespace maas
