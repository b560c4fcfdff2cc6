// maas eval -- measure a model on held-out data.
//
// Reads   the model; its data as its manifest remembers them, or as a config says, or a new file of
//         the same form. A network that somebody exported gets the data's preprocessing in front,
//         as `maas train` gives it.
// Prints  the metrics; exits 6 when eval.require is not met.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/json_writer.h"
#include "base/shown_text.h"
#include "base/throw_error.h"
#include "command.h"
#include "data/open_data.h"
#include "eval_slices.h"
#include "evaluate/evaluate.h"
#include "evaluate/requirement.h"
#include "model/model_file.h"
#include "sources.h"
#include "train/make_job.h"
#include "transform/measure.h"
#include "unanswered.h"
#include "usage.h"
#include "zoo/adopt_model.h"

namespace maas {
namespace {

class Eval : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("model", model_, "a model: .pt or .pt2, or a run folder")->required();
    app.add_option(
        "overrides", overrides_,
        "new data of the same form, a config (.yaml), key=value settings of data and eval");
    app.add_option("--config", config_, "take the data from this config");
    app.add_option("--by", by_, "metrics for each value of this column of a CSV (repeatable)");
    app.add_option("--split", split_, "test, validation or train")
        ->check(CLI::IsMember({"test", "validation", "train"}));
    app.add_option("--against", against_, "another model: how often do both give the same answer");
    app.add_option("--without-pass", without_, "leave out a lowering pass (repeatable)");
    app.add_option("--threads", threads_, "threads of one operator; 0 = usable cores")
        ->check(whole_number(0, 1024));
  }

  int run(Output& output) override {
    take_words();
    model_ = model_file(model_).string();
    const Model model = load_model(model_);
    PlacedExperiment placed = experiment_of(model, config_, overrides_);
    if (!new_data_.empty()) take_new_data(placed.experiment.data);
    set_threads(threads_);
    const Measurement found =
        with_places(placed.places, [&] { return measure(model, placed.experiment, output); });
    const Metrics& metrics = found.metrics;
    const std::vector<Problem> missed =
        with_places(placed.places, [&] { return unmet(metrics, placed.experiment.eval.require); });
    order_ = metrics_to_compute(placed.experiment.eval, found.task);
    report(found, missed, output);
    for (const std::string& note : metrics.notes) output.warn(note);
    Unanswered unanswered("they count as wrong");
    unanswered.add(metrics.samples, metrics.not_numbers);
    if (!missed.empty()) {
      unanswered.warn(output);
      throw Error(ErrorKind::kRequirement, missed);
    }
    unanswered.tell(model_, output);
    return 0;
  }

 private:
  struct Measurement {
    Metrics metrics;
    TaskKind task;
    std::optional<double> agreement;  // with the model of --against
    std::vector<SlicedBy> by = {};
  };

  // Other columns, other statistics of them, or images of another size.
  static bool reads_otherwise(const DataSpec& one, const DataSpec& other) {
    return !(one.input == other.input);
  }

  Measurement measure(const Model& model, const Experiment& experiment,
                      const Output& output) const {
    DataSpec spec = data_spec_of(model, experiment);
    if (experiment.eval.threshold == "none" && !spec.task.thresholds.empty()) {
      spec.task.thresholds.clear();
      tell("eval.threshold: none: the thresholds of training do not count here", output);
    }
    check_metrics(experiment.eval, spec.task.kind);
    const auto dataset = open(experiment, spec, output);
    const auto answers = [&](const Model& of, const std::string& name) {
      const Program program = of.manifest.data
                                  ? of.program
                                  : adopt_model(of.program, spec, build_options(experiment), name);
      if (&of == &model) tell(scored_note(program, spec.task.kind), output);
      TaskSpec task = spec.task;
      auto rows = dataset;
      if (&of != &model && of.manifest.data) {
        if (of.manifest.data->task.labels != spec.task.labels) {
          throw_usage(name, "answers by other labels than " + model_, "a model of the same labels",
                      "name another one");
        }
        // Each reads the data in its own way, and answers by its own thresholds.
        task.thresholds = of.manifest.data->task.thresholds;
        if (reads_otherwise(*of.manifest.data, spec))
          rows = open(experiment, *of.manifest.data, output);
        if (rows->size() != dataset->size()) {
          throw_usage(name,
                      fmt::format("reads {} of these samples, and {} {}", rows->size(), model_,
                                  dataset->size()),
                      "the same ones", "fill in what is missing, so that none is left out");
        }
      }
      return evaluate(program, *rows, task, experiment.eval,
                      {.disabled_passes = {without_.begin(), without_.end()}});
    };
    const Evaluation own = answers(model, model_);
    Measurement found{own.metrics, spec.task.kind, std::nullopt};
    const SliceRequest slices{*dataset, experiment.data, path_of_rows(experiment.data),
                              metrics_to_compute(experiment.eval, spec.task.kind)};
    for (const std::string& column : by_) {
      found.by.push_back(slice_by(slices, own.predictions, column));
    }
    if (!against_.empty()) {
      const Evaluation other = answers(load_model(against_), against_);
      found.agreement = agreement(own.predictions, other.predictions);
    }
    return found;
  }

  static void tell(const std::string& note, const Output& output) {
    if (!note.empty()) output.say(note);
  }

  // Before the data are read, which may take a while.
  static void check_metrics(const EvalConfig& config, TaskKind task) {
    check_metric_names(config.metrics, task, "eval.metrics");
    for (const auto& [name, bound] : config.require) {
      check_metric_names({name}, task, "eval.require");
    }
    parse_requirements(config.require);
  }

  // `maas eval net.pt2 my.yaml` is what hands type that have typed `maas train my.yaml`, and
  // `maas eval model.pt new.csv` what those type that have typed `maas predict`.
  void take_words() {
    std::vector<std::string> settings;
    for (const std::string& word : overrides_) {
      std::error_code ignored;
      if (word.find('=') != word.npos && !std::filesystem::exists(word, ignored)) {
        settings.push_back(word);
        continue;
      }
      const std::string ending = std::filesystem::path(word).extension().string();
      std::string& taken = ending == ".yaml" || ending == ".yml" ? config_ : new_data_;
      if (!taken.empty()) {
        throw_usage("command line",
                    fmt::format("two {}, '{}' and '{}'",
                                &taken == &config_ ? "configs" : "data files", taken, word),
                    "one", "leave one out");
      }
      taken = word;
    }
    overrides_ = std::move(settings);
  }

  // All rows of the file, as the test split.
  void take_new_data(DataConfig& data) {
    if (data.type == "idx" || data.type == "synthetic") {
      throw_usage(
          "command line: " + new_data_, fmt::format("the data are of the type {}", data.type),
          "a CSV file or a folder of images", "give data.test.images=FILE data.test.labels=FILE");
    }
    if (split_ != "test") {
      throw_usage("command line: --split",
                  fmt::format("'{}' stands beside new data, {}", split_, new_data_), "one of both",
                  "leave one out");
    }
    data.test = {};
    data.test.path.path = new_data_;
    data.test_fraction = 0;
    data.limit = 0;
  }

  std::string path_of_rows(const DataConfig& data) const {
    const SourceConfig& own = split_ == "test"         ? data.test
                              : split_ == "validation" ? data.validation_source
                                                       : data.train;
    return (own.given() ? own : data.train).path.path;
  }

  std::shared_ptr<const Dataset> open(const Experiment& experiment, const DataSpec& spec,
                                      const Output& output) const {
    const Split split = split_ == "train"        ? Split::kTrain
                        : split_ == "validation" ? Split::kValidation
                                                 : Split::kTest;
    std::vector<std::string> warnings;
    const auto dataset =
        open_split(experiment.data, spec, split, static_cast<uint64_t>(experiment.seed), &warnings);
    for (const std::string& warning : warnings) output.warn(warning);
    if (dataset != nullptr) return dataset;
    throw_usage("data", fmt::format("has no {} split", split_), "one to measure on",
                "set data.test or data.test_fraction, or use --split train");
  }

  void write_metrics(JsonWriter& json, const Metrics& metrics) const {
    json.field("samples", metrics.samples).key("metrics").begin_object();
    for (const auto& [name, value] : in_order(metrics.values, order_)) json.field(name, value);
    json.end_object();
  }

  void write_targets(JsonWriter& json, const Metrics& metrics) const {
    json.key("per_target").begin_array();
    for (const TargetMetrics& row : metrics.per_target) {
      json.begin_object().field("target", row.target);
      for (const auto& [name, value] : in_order(row.values, order_)) json.field(name, value);
      json.end_object();
    }
    json.end_array();
  }

  void write_slices(JsonWriter& json, const std::vector<SlicedBy>& all) const {
    json.key("by").begin_array();
    for (const SlicedBy& by : all) {
      json.begin_object().field("column", by.column).key("slices").begin_array();
      for (const Slice& slice : by.slices) {
        json.begin_object().field("value", slice.value);
        write_metrics(json, slice.metrics);
        json.end_object();
      }
      json.end_array().end_object();
    }
    json.end_array();
  }

  void report_json(const Measurement& found, const std::vector<Problem>& missed,
                   Output& output) const {
    const Metrics& metrics = found.metrics;
    JsonWriter json;
    json.begin_object().field("verb", "eval").field("model", model_);
    json.field("split", split_);
    if (!new_data_.empty()) json.field("data", new_data_);
    write_metrics(json, metrics);
    json.field("not_numbers", metrics.not_numbers);
    if (found.agreement) json.field("against", against_).field("agreement", *found.agreement);
    json.key("per_class").begin_array();
    for (const ClassMetrics& row : metrics.per_class) {
      json.begin_object().field("label", row.label).field("support", row.support);
      json.field("precision", row.precision).field("recall", row.recall).field("f1", row.f1);
      json.end_object();
    }
    json.end_array();
    if (!metrics.per_target.empty()) write_targets(json, metrics);
    if (!found.by.empty()) write_slices(json, found.by);
    if (!missed.empty()) write_error(json, Error(ErrorKind::kRequirement, missed));
    json.end_object();
    output.result(json.text());
  }

  std::string text_of(const SlicedBy& by) const {
    size_t width = by.column.size();
    for (const Slice& slice : by.slices) width = std::max(width, shown_text(slice.value).size());
    std::string text = fmt::format("\n  {:<{}} {:>7}", by.column, width, "samples");
    for (const std::string& name : order_) text += fmt::format(" {:>11}", name);
    for (const Slice& slice : by.slices) {
      text +=
          fmt::format("\n  {:<{}} {:>7}", shown_text(slice.value), width, slice.metrics.samples);
      for (const std::string& name : order_) {
        text += fmt::format(" {:>11.4f}", slice.metrics.values.at(name));
      }
    }
    return text + "\n";
  }

  std::string targets_text(const Metrics& metrics) const {
    size_t width = std::string("target").size();
    for (const TargetMetrics& row : metrics.per_target) {
      width = std::max(width, shown_text(row.target).size());
    }
    std::string text = fmt::format("\n  {:<{}}", "target", width);
    for (const std::string& name : order_) text += fmt::format(" {:>11}", name);
    for (const TargetMetrics& row : metrics.per_target) {
      text += fmt::format("\n  {:<{}}", shown_text(row.target), width);
      for (const std::string& name : order_) {
        text += fmt::format(" {:>11.4f}", row.values.at(name));
      }
    }
    return text + "\n";
  }

  void report(const Measurement& found, const std::vector<Problem>& missed, Output& output) const {
    if (output.json()) return report_json(found, missed, output);
    const Metrics& metrics = found.metrics;
    std::string text = new_data_.empty()
                           ? fmt::format("{} samples of the {} split\n", metrics.samples, split_)
                           : fmt::format("{} samples of {}\n", metrics.samples, new_data_);
    for (const auto& [name, value] : in_order(metrics.values, order_))
      text += fmt::format("  {:<12} {:.4f}\n", name, value);
    if (found.agreement) {
      text += fmt::format("  {:<12} {:.4f}  ({} {}, --against)\n", "agreement", *found.agreement,
                          found.task == TaskKind::kRegression
                              ? "1 - mean difference / mean deviation of the outputs from those of"
                              : "share of the answers of the model that are those of",
                          against_);
    }
    if (!metrics.per_class.empty()) {
      text += fmt::format("\n  {:<16} {:>7} {:>9} {:>7} {:>7}\n", "class", "support", "precision",
                          "recall", "f1");
    }
    for (const ClassMetrics& row : metrics.per_class) {
      text += fmt::format("  {:<16} {:>7} {:>9.4f} {:>7.4f} {:>7.4f}\n", shown_text(row.label),
                          row.support, row.precision, row.recall, row.f1);
    }
    if (!metrics.per_target.empty()) text += targets_text(metrics);
    for (const SlicedBy& by : found.by) text += text_of(by);
    text.pop_back();
    output.result(text);
  }

  std::string model_, config_, against_, new_data_, split_ = "test";
  std::vector<std::string> overrides_, without_, by_;
  std::vector<std::string> order_;  // of metrics
  int64_t threads_ = 0;
};

}  // namespace

std::unique_ptr<Command> make_eval() { return std::make_unique<Eval>(); }

}  // namespace maas
