// maas export -- write a model in another format.
//
// Reads   the model; rows of its held-out data where it remembers them and they are there.
// Writes  one file beside the model, or where -o says; never over an existing one without --force.
//         What was written is read again, run and compared with the model; no file is left that
//         differs by more than --tolerance.
// Prints  the file's path; exits 6 when the file does not give the model's outputs.
#include <ATen/ops/isfinite.h>
#include <fmt/format.h>

#include "base/json_writer.h"
#include "command.h"
#include "data/open_data.h"
#include "export/export_model.h"
#include "model/model_file.h"
#include "signals.h"
#include "sources.h"
#include "usage.h"
#include "words.h"

namespace maas {
namespace {

class Export : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("model", model_, "a model: .pt or .pt2, or a run folder")->required();
    std::vector<std::string> names;
    for (const Format& format : formats()) names.emplace_back(format.name);
    app.add_option("--format", format_, "the format; else the output's ending says it")
        ->check(CLI::IsMember(names));
    app.add_option("-o,--output", output_, "the file to write, beside the model by default");
    app.add_flag("--force", options_.replace, "replace an existing file");
    app.add_flag("--dry-run", dry_run_, "say what would be written and compared, write nothing");
    app.add_option("--tolerance", tolerance_,
                   "largest difference, relative to the largest output (1e-4; int8: 0.05)")
        ->check(number(0, 1e6));
    app.add_option("--samples", rows_, "rows of held-out data to compare on (1000)")
        ->check(whole_number(1, 1'000'000));
    app.add_option("--opset", options_.format.opset,
                   "onnx: version of the operators; 0 = usual one")
        ->check(whole_number(0, 99));
    app.add_option("--threads", threads_, "threads of one operator; 0 = usable cores")
        ->check(whole_number(0, 1024));
  }

  int run(Output& output) override {
    const std::atomic<int>& signal = watch_signals();
    refuse_stdout(output_);
    model_ = model_file(model_).string();
    const Format& format = chosen_format();
    if (output_.empty()) {
      output_ = std::filesystem::path(model_).replace_extension(format.extensions[0]).string();
    }
    check_export_path(output_, model_, options_);
    set_threads(threads_);
    const Model model = load_model(model_);
    warn_of_unfinite(model.program, output);
    options_.tolerance = tolerance_.value_or(default_tolerance(model.program));
    loses_thresholds_ = model.manifest.data && !model.manifest.data->task.thresholds.empty();
    const Samples samples = samples_for(model, output);
    if (dry_run_) return report(format, samples, std::nullopt, output);
    options_.progress = [&](const std::string& step) {
      if (!step.empty()) output.say(step);
      if (signal != 0) {
        throw Error(ErrorKind::kInterrupted, {.where = output_,
                                              .what = "interrupted; no file was left",
                                              .expected = "",
                                              .fix = "run the same command again"});
      }
    };
    Agreement found = export_model(model, format, samples, output_, options_);
    if (has_no_classes(model)) found.top1.reset();
    return report(format, samples, found, output);
  }

 private:
  // The highest of a regression's outputs is no answer.
  static bool has_no_classes(const Model& model) {
    return model.manifest.data && model.manifest.data->task.kind == TaskKind::kRegression;
  }

  static void warn_of_unfinite(const Program& program, const Output& output) {
    for (const auto& [name, tensor] : program.parameters) {
      if (!at::isFloatingType(tensor.scalar_type()) || at::isfinite(tensor).all().item<bool>()) {
        continue;
      }
      return output.warn(fmt::format("weight '{}' holds NaN or infinity", name));
    }
  }

  const Format& chosen_format() const {
    if (!format_.empty()) return format_named(format_);
    if (!output_.empty()) return format_of_file(output_);
    throw Error(ErrorKind::kUsage, {.where = "command line",
                                    .what = "neither --format nor -o",
                                    .expected = "one that says the format",
                                    .fix = "add --format onnx, or -o net.onnx"});
  }

  // Held-out rows, else random inputs; says which.
  Samples samples_for(const Model& model, const Output& output) const {
    if (!model.manifest.data || model.manifest.resolved_config.empty()) {
      output.say("the model remembers no data: random inputs are compared");
      return random_samples(model.program);
    }
    try {
      const Experiment experiment = experiment_of(model, "", {}).experiment;
      for (const Split split : {Split::kTest, Split::kValidation, Split::kTrain}) {
        const auto dataset = open_split(experiment.data, *model.manifest.data, split,
                                        static_cast<uint64_t>(experiment.seed));
        if (dataset == nullptr || dataset->size() == 0) continue;
        return held_out_samples(*dataset, model.program, rows_, "the " + to_text(split) + " split");
      }
      output.say("the model's data have no rows: random inputs are compared");
    } catch (const Error& error) {
      output.say(fmt::format("random inputs are compared, as the model's data are not there: {}",
                             error.first().text()));
    }
    return random_samples(model.program);
  }

  int report(const Format& format, const Samples& samples, std::optional<Agreement> verified,
             Output& output) const {
    if (loses_thresholds_) {
      output.warn(
          "the model answers by thresholds (eval.threshold), which stay behind: the file gives the "
          "outputs alone, of which the highest need not be the answer; maas inspect shows them");
    }
    const std::string what =
        fmt::format("{} ({}); without {}", format.name, format.summary, format.loses);
    if (!verified) {
      output.say(
          fmt::format("would write {}: {}; and compare on {}", output_, what, samples.origin));
    } else {
      output.say(fmt::format("wrote {}: {}", output_, what));
      output.say(fmt::format(
          "read again, it differs by {:.2g} ({:.2g} of the largest output){} on {}",
          verified->max_abs, verified->max_relative,
          verified->top1 ? fmt::format(", same class on {:.2f} %", 100 * *verified->top1) : "",
          samples.origin));
    }
    output.result(output.json() ? json_text(format, samples, verified) : output_);
    return 0;
  }

  std::string json_text(const Format& format, const Samples& samples,
                        const std::optional<Agreement>& verified) const {
    JsonWriter json;
    json.begin_object().field("verb", "export").field("model", model_);
    json.field("format", format.name).field("loses", format.loses).field("written", !!verified);
    json.key("files").begin_array().value(output_).end_array();
    if (verified) {
      json.field("bytes", static_cast<uint64_t>(std::filesystem::file_size(output_)));
      json.key("verified").begin_object().field("samples", verified->samples);
      json.field("on", samples.origin).field("max_abs", verified->max_abs);
      json.field("max_relative", verified->max_relative).key("top1_agreement");
      verified->top1 ? json.value(*verified->top1) : json.null();
      json.field("tolerance", options_.tolerance).end_object();
    }
    return json.end_object().take();
  }

  std::string model_, format_, output_;
  ExportOptions options_;
  std::optional<double> tolerance_;
  bool dry_run_ = false, loses_thresholds_ = false;
  int64_t rows_ = 1000, threads_ = 0;
};

}  // namespace

std::unique_ptr<Command> make_export() { return std::make_unique<Export>(); }

}  // namespace maas
