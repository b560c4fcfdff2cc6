// maas prune -- a smaller network from a model: whole channels and hidden units go.
//
// Reads   a model, its data for fine-tuning and judging; with --resume a run folder.
// Writes  a model beside it, a report, the run folder of the fine-tuning.
// Prints  the new model's path; with --dry-run what would go.
#include "transform/prune/prune.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/files.h"
#include "base/shell_word.h"
#include "base/throw_error.h"
#include "command.h"
#include "config/write_config.h"
#include "finetune.h"
#include "prune_plan.h"
#include "record/run_folder.h"
#include "signals.h"
#include "train/make_job.h"
#include "transform_verb.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

class Prune : public Command {
 public:
  void declare(CLI::App& app) override {
    flags_.declare(app);
    app.get_option("model")->required(false);
    app.add_option("--resume", resume_, "go on with the fine-tuning in this run folder");
  }

  int run(Output& output) override {
    watch_signals();
    if (!resume_.empty()) take_up();
    TransformInput input = read_transform_input(flags_.words);
    const std::string path = flags_.dry_run ? "" : result_path(input, flags_, "pruned");
    return with_places(input.places, [&] { return prune(input, path, output); });
  }

 private:
  // The words that a run was started with, from its folder.
  void take_up() {
    const fs::path folder = resume_;
    if (!flags_.words.empty() || !fs::exists(folder / kParentFile)) {
      throw_usage(resume_, flags_.words.empty() ? "holds no pruning" : "is given with a model",
                  "--resume FOLDER alone, with the folder that an interrupted `maas prune` names");
    }
    flags_.words = {read_file(folder / kParentFile), (folder / "resolved.yaml").string()};
    if (flags_.output.empty()) flags_.output = read_file(folder / kOutputFile);
  }

  int prune(TransformInput& input, const std::string& path, Output& output) const {
    adopt_data(input, path);
    const PruneConfig& config = input.config.prune;
    const auto seed = static_cast<uint64_t>(input.config.experiment.seed);
    const PrunePlan plan = plan_prune(input.model.program, config, seed, input.path);
    if (flags_.dry_run) return show_prune_plan(plan, output);
    for (const std::string& line : plan_lines(plan)) output.detail(line);
    std::vector<std::string> warnings;
    const MeasureJob measure =
        measure_job(input.model, input.experiment(), input.config.gate, warnings);
    show_data_warnings(warnings, output);
    const bool learns = config.finetune.epochs > 0 && measure.held_out.rows != nullptr;
    TransformFlags flags = flags_;
    if (learns) flags.run = run_folder(input, path);
    const auto rewrite = [&](const Model& model) {
      Rewritten result = pruned(model.program, plan, input.path);
      if (learns) {
        result.program = learnt(input, {flags.run, path}, std::move(result.program), output);
      }
      if (measure.held_out.rows == nullptr) {
        result.notes.emplace_back("prune: there are no data, so nothing was fine-tuned");
      }
      return result;
    };
    const TransformJob job{.verb = "prune",
                           .model_name = fs::path(input.path).filename().string(),
                           .measure = measure,
                           .max_drop = input.config.gate.max_drop_or(kMaxDrop),
                           .rewrite = rewrite,
                           .say = [&](const std::string& text) { output.say(text); }};
    return publish(transform(input.model, job), input, path, flags, output);
  }

  // Where the fine-tuning runs. Throws Error{kUsage}, before the work, when it holds another run.
  std::string run_folder(const TransformInput& input, const std::string& path) const {
    if (!resume_.empty()) return resume_;
    const std::string& given = input.config.experiment.output_dir;
    std::string folder = given.empty() ? fs::path(path).replace_extension(".run").string() : given;
    if (!flags_.force && holds_run(folder)) {
      throw_usage(folder, "holds a run already", "a new folder",
                  fmt::format("go on with it: maas prune --resume {}{}; or give --force to set it "
                              "aside, or another -o",
                              shell_word(folder), flags_.keep ? " --keep" : ""));
    }
    if (!holds_run(folder)) check_empty(folder);
    return folder;
  }

  struct Places {
    std::string run, result;
  };

  Program learnt(TransformInput& input, const Places& places, Program network,
                 const Output& output) const {
    const Experiment tuning = finetuning(input.config.experiment, input.config.prune.finetune);
    FitJob job = make_job_for(tuning, input.model, std::move(network));
    job.resume = !resume_.empty();
    return finetuned(job,
                     {.verb = "prune",
                      .resolved = write_config(input.config),
                      .words = flags_.words,
                      .folder = {.folder = places.run,
                                 .name = tuning.name,
                                 .resume = job.resume,
                                 .force = flags_.force},
                      .log_every = tuning.train.log_every},
                     {{kParentFile, fs::absolute(input.path).string()},
                      {kOutputFile, fs::absolute(places.result).string()}},
                     output);
  }

  // In the run folder, for --resume.
  static constexpr const char* kParentFile = "parent";

  TransformFlags flags_;
  std::string resume_;
};

}  // namespace

std::unique_ptr<Command> make_prune() { return std::make_unique<Prune>(); }

}  // namespace maas
