#include "learning_run.h"

#include <ATen/ops/isfinite.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/shell_word.h"
#include "record/environment.h"
#include "signals.h"
#include "tensor/short_reason.h"
#include "train/folds.h"
#include "train/learning_notes.h"

namespace maas {

LearningRun::LearningRun(const LearningSetup& setup, const FitJob& job, const Output& output)
    : setup_(setup),
      job_(job),
      folder_(setup.folder),
      progress_(output, folder_, setup.log_every, job.eval.metrics) {
  progress_.set_words(learning_words(job.program, job.train));
  for (const std::string& note : job.notes) output.say(note);
  if (!setup.folder.resume) begin();
}

void LearningRun::begin() {
  if (begun_) return;
  begun_ = true;
  write_file_atomically(folder_.file("resolved.yaml"), setup_.resolved);
  std::vector<std::string> command = {"maas", setup_.verb};
  command.insert(command.end(), setup_.words.begin(), setup_.words.end());
  write_file_atomically(folder_.file("env.json"), environment_json(command));
  folder_.set_status("running");
  progress_.keep(job_.data.warnings);
}

int LearningRun::run(const Publish& publish, const PublishSoFar& publish_so_far) {
  try {
    FitWatcher watcher = progress_.watcher(watch_signals());
    watcher.on_start = [this] {
      started_ = true;
      begin();
    };
    const FitResult result =
        job_.train.folds > 0 ? fit_folds(job_, folder_, watcher) : fit(job_, folder_, watcher);
    progress_.finish();
    if (result.interrupted) interrupted(result, publish_so_far);
    return publish(result);
  } catch (const Error& error) {
    progress_.finish();
    const bool ended =
        error.kind() == ErrorKind::kInterrupted || error.kind() == ErrorKind::kRequirement;
    // What cannot start cannot be resumed either.
    if (!ended && !started_ && !setup_.folder.resume) {
      folder_.withdraw();
    } else if (!ended && begun_) {
      note_status("failed", error.first().what);
    }
    throw;
  } catch (const std::exception& error) {  // of libtorch, in the first step or later
    progress_.finish();
    if (begun_) note_status("failed", short_reason(error));
    throw;
  }
}

void LearningRun::note_status(const std::string& status, const std::string& reason) {
  try {
    folder_.set_status(status, reason);
  } catch (const Error& error) {
    progress_.warn("no STATUS: " + error.first().text());
  }
}

void LearningRun::interrupted(const FitResult& result, const PublishSoFar& publish) {
  std::string saved = "the state is saved";
  if (result.saved_step == 0) {
    saved = "no checkpoint could be written";
  } else if (result.saved_step != result.steps) {
    saved = fmt::format("the state of step {} is saved", result.saved_step);
  }
  if (publish && result.has_program()) {
    saved += "; " + publish(result);
  } else if (publish) {
    saved += "; no epoch was finished, so there is no model yet";
  }
  note_status("interrupted", fmt::format("at step {}; {}", result.steps, saved));
  const std::string folder = folder_.path().string();
  throw Error(
      ErrorKind::kInterrupted,
      {.where = folder,
       .what = fmt::format("stopped by a signal at step {}; {}", result.steps, saved),
       .fix = fmt::format("go on with: maas {} --resume {}", setup_.verb, shell_word(folder))});
}

void show_data_warnings(const std::vector<std::string>& warnings, const Output& output) {
  constexpr size_t kMost = 20;
  for (size_t i = 0; i < std::min(warnings.size(), kMost); ++i) output.warn(warnings[i]);
  if (warnings.size() <= kMost) return;
  output.warn(fmt::format("... {} more of these; all are in warnings.txt of the run folder",
                          warnings.size() - kMost));
}

void check_outputs(const Predictions& predictions, const std::string& split,
                   TrainProgress& progress) {
  const int64_t rows = predictions.outputs.size(0);
  const int64_t broken = rows - at::isfinite(predictions.outputs).all(1).sum().item<int64_t>();
  if (broken == 0) return;
  const std::string what =
      fmt::format("the outputs are not finite for {} of {} {} samples", broken, rows, split);
  if (2 * broken < rows) return progress.warn("model: " + what);
  throw Error(ErrorKind::kDiverged, {.where = "model",
                                     .what = what,
                                     .expected = "finite outputs",
                                     .fix = "lower train.learning_rate, or set train.clip_norm=1"});
}

}  // namespace maas
