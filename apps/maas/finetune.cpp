#include "finetune.h"

#include "base/cores.h"
#include "base/files.h"
#include "sources.h"
#include "train/suggest_threads.h"

namespace maas {

Program finetuned(const FitJob& job, const LearningSetup& setup,
                  const std::map<std::string, std::string>& files, const Output& output) {
  set_threads(job.train.threads > 0
                  ? job.train.threads
                  : suggest_threads(job.program, job.train.batch_size, usable_cores()));
  LearningRun run(setup, job, output);
  for (const auto& [name, text] : files) write_file_atomically(run.folder().file(name), text);
  Program network;
  run.run([&](const FitResult& result) {
    network = result.program;
    run.note_status("finished");
    return 0;
  });
  return network;
}

}  // namespace maas
