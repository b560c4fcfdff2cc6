// Training after a network was changed, for verbs that take something away and let it learn again.
#pragma once

#include <map>
#include <string>

#include "learning_run.h"

namespace maas {

// Trains `job` in a run folder as `setup` says, at the threads that the experiment's training
// section asks for, and gives the best network. `files` (name -> text) are what the folder keeps
// beside the run's own, for --resume. Throws what LearningRun::run() throws.
Program finetuned(const FitJob& job, const LearningSetup& setup,
                  const std::map<std::string, std::string>& files, const Output& output);

}  // namespace maas
