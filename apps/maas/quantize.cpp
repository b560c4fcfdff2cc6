// maas quantize -- a network in 8-bit integers.
//
// Reads   the model; its training rows, which show the ranges of activations, as it remembers them
//         or as a config says.
// Writes  the int8 model, MODEL-int8.pt beside the input or the file of -o, and its report.
// Prints  the model's path; exits 6 when it is worse than the input by more than the gate.
#include <fmt/format.h>

#include <filesystem>

#include "base/json_writer.h"
#include "command.h"
#include "data/open_data.h"
#include "sources.h"
#include "transform/quantize/quantize_model.h"
#include "transform_verb.h"

namespace maas {
namespace {

class Quantize : public Command {
 public:
  void declare(CLI::App& app) override { flags_.declare(app); }

  int run(Output& output) override {
    TransformInput input = read_transform_input(flags_.words);
    const std::string path = result_path(input, flags_, "int8");
    set_threads(input.config.experiment.train.threads);
    std::vector<std::string> warnings;
    Transformed done = with_places(input.places, [&] {
      adopt_data(input, path);
      const QuantizeJob quantize = quantize_job(input, warnings);
      if (flags_.dry_run) return Transformed{{}, plan_of(input, quantize)};
      const TransformJob job{
          .verb = "quantize",
          .model_name = quantize.name,
          .measure = measure_job(input.model, input.experiment(), input.config.gate, warnings),
          .max_drop = input.config.gate.max_drop_or(kMaxDrop),
          .rewrite = [&](const Model& model) { return quantize_model(model, quantize); },
          .say = [&](const std::string& text) { output.detail(text); }};
      return transform(input.model, job);
    });
    for (const std::string& warning : warnings) output.warn(warning);
    if (flags_.dry_run) return show_plan(done.report, output);
    return publish(std::move(done), input, path, flags_, output);
  }

 private:
  static QuantizeJob quantize_job(const TransformInput& input, std::vector<std::string>& warnings) {
    const Experiment& experiment = input.config.experiment;
    QuantizeJob job{.config = input.config.quantize,
                    .seed = static_cast<uint64_t>(experiment.seed),
                    .name = std::filesystem::path(input.path).filename().string()};
    if (input.model.manifest.data)
      job.columns = input.model.manifest.data->input.numeric_features();
    const bool wants_data = job.config.calibration == "data" && job.config.needs_ranges();
    if (!wants_data || !input.has_data || !input.model.manifest.data) return job;
    job.data =
        open_split(experiment.data, *input.model.manifest.data, Split::kTrain, job.seed, &warnings);
    return job;
  }

  static TransformReport plan_of(const TransformInput& input, const QuantizeJob& job) {
    Rewritten rewritten = quantize_model(input.model, job);
    TransformReport report;
    report.change = std::move(rewritten.change);
    report.layers = std::move(rewritten.layers);
    report.notes = std::move(rewritten.notes);
    return report;
  }

  static int show_plan(const TransformReport& report, Output& output) {
    for (const std::string& note : report.notes) output.warn(note);
    if (output.json()) {
      JsonWriter json;
      json.begin_object().field("verb", "quantize").field("dry_run", true);
      json.field("change", report.change).key("layers").begin_array();
      for (const LayerChange& layer : report.layers) {
        json.begin_object().field("name", layer.name).field("after", layer.after).end_object();
      }
      output.result(json.end_array().end_object().text());
      return 0;
    }
    std::string text = report.change + ": nothing was written";
    for (const LayerChange& layer : report.layers) {
      text += fmt::format("\n  {:<28} {:<20} {} -> {}", layer.name, layer.op, layer.before,
                          layer.after);
    }
    output.result(text);
    return 0;
  }

  TransformFlags flags_;
};

}  // namespace

std::unique_ptr<Command> make_quantize() { return std::make_unique<Quantize>(); }

}  // namespace maas
