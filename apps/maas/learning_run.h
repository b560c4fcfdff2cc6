// A run of a verb that learns: its folder, its progress, what it writes down.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "evaluate/metrics.h"
#include "output.h"
#include "record/run_folder.h"
#include "train/experiment.h"
#include "train/fit.h"
#include "train_progress.h"

namespace maas {

struct LearningSetup {
  std::string verb;
  std::string resolved;            // the whole config, for resolved.yaml
  std::vector<std::string> words;  // as typed, for env.json
  RunFolderOptions folder;
  int64_t log_every = 50;
};

class LearningRun {
 public:
  // Creates or takes the folder, locks it, writes resolved.yaml and env.json; where a run is
  // resumed, these stay as they are until the training accepts it.
  LearningRun(const LearningSetup& setup, const FitJob& job, const Output& output);

  // Trains, then calls `publish`, whose exit code is returned. STATUS says how it ended; a new run
  // that is refused before its first step leaves no folder. A signal
  // ends it with Error{kInterrupted}, which names the command that goes on; before that
  // `publish_so_far`, if given, gets the best network so far, if there is one, and returns what it
  // left behind: "model.pt has ...".
  using Publish = std::function<int(const FitResult&)>;
  using PublishSoFar = std::function<std::string(const FitResult&)>;
  int run(const Publish& publish, const PublishSoFar& publish_so_far = {});

  const RunFolder& folder() const { return folder_; }
  TrainProgress& progress() { return progress_; }
  const FitJob& job() const { return job_; }
  // A status that cannot be written is a warning: it must not hide what it says.
  void note_status(const std::string& status, const std::string& reason = "");

 private:
  void begin();
  [[noreturn]] void interrupted(const FitResult& result, const PublishSoFar& publish);

  LearningSetup setup_;
  const FitJob& job_;
  RunFolder folder_;
  TrainProgress progress_;
  bool begun_ = false;    // resolved.yaml and env.json are this run's
  bool started_ = false;  // the training accepted the job
};

// The first twenty; a list of thousands of skipped files would hide the rest.
void show_data_warnings(const std::vector<std::string>& warnings, const Output& output);

// Finite weights can still be so large that what comes out is none: a warning, and Error{kDiverged}
// when more than half of the rows are so. `split` names the rows.
void check_outputs(const Predictions& predictions, const std::string& split,
                   TrainProgress& progress);

}  // namespace maas
