// maas predict -- answer for what users have.
//
// Reads   the model; images (of sample/image_format.h) or texts (.txt), or folders of them, CSV
//         files, JSON, or any of these on stdin ("-"; texts there a line each); raw tensors as JSON
//         for a network that somebody exported, which does not say how files become inputs.
// Prints  a line a row: input, label, probability; with --format or --json as asked for. With -o
//         into a file that has its name when it is whole. On stderr how far it is, and a warning
//         for each column with categories that training did not have.
#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include "answer_writer.h"
#include "base/files.h"
#include "base/json_writer.h"
#include "base/new_file.h"
#include "base/throw_error.h"
#include "command.h"
#include "model/model_file.h"
#include "predict_samples.h"
#include "predict_tensors.h"
#include "signals.h"
#include "sources.h"
#include "unread_guards.h"
#include "usage.h"
#include "words.h"

namespace maas {
namespace {

class Predict : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("model", model_, "a model: .pt or .pt2, or a run folder")->required();
    app.add_option("inputs", inputs_,
                   "images, texts (.txt), folders of them, CSV, JSON; - = stdin, "
                   "with a text a line")
        ->required();
    app.add_option("-o,--output", output_,
                   "write the answers into this file: .csv, .jsonl or .txt (a table)");
    app.add_option("--format", format_, "text, table, csv or jsonl (one JSON object a row)")
        ->check(CLI::IsMember({"text", "table", "csv", "jsonl"}));
    app.add_option("--keep", options_.keep,
                   "a column of the CSV to stand before its answer (repeatable); label: as "
                   "input_label");
    app.add_option("--top", options_.top, "how many labels to show")->check(whole_number(1, 1000));
    app.add_flag("--force", force_, "replace an existing file");
  }

  int run(Output& output) override {
    model_ = model_file(model_).string();
    const bool to_file = !output_.empty() && output_ != "-";
    if (to_file) check_output();
    const Model model = load_model(model_);
    tell_unread_guards(model.program, output);
    if (!model.manifest.data) {
      refuse_for_tensors();
      predict_tensors(model, model_, inputs_, output);
      return 0;
    }
    if (options_.top && model.manifest.data->task.kind == TaskKind::kRegression) {
      throw_usage("command line: --top", model_ + " answers with numbers, not with labels",
                  "a model of classes or labels", "leave it out: every target is answered");
    }
    set_threads(1);
    options_.format = chosen_format(output);
    options_.several_inputs = inputs_.size() > 1;
    const SampleRun run{model, model_, inputs_, signal_or_never(to_file)};
    if (to_file) return into_file(run, output);
    AnswerWriter writer(options_, model.manifest.data->task, [&](std::string_view text) {
      is_for_programs(options_.format) ? output.data(text) : output.result(text);
    });
    refuse_unread(predict_samples(
        run,
        [&](const JudgedOutputs& judged, const AnswerRows& rows) { writer.write(judged, rows); },
        output));
    return 0;
  }

 private:
  // What is printed is lost with the process; a file would stay behind under its temporary name.
  static const std::atomic<int>& signal_or_never(bool to_file) {
    static const std::atomic<int> never{0};
    return to_file ? watch_signals() : never;
  }

  static void refuse_unread(const AnsweredSamples& answered) {
    if (!answered.unread.empty()) throw Error(ErrorKind::kInput, answered.unread);
  }

  void check_output() const {
    check_replaceable(output_);
    std::error_code ignored;
    if (std::filesystem::is_directory(output_, ignored)) {
      throw_usage("command line: -o", fmt::format("'{}' is a folder", output_), "a file to write",
                  fmt::format("name a file: -o {}",
                              (std::filesystem::path(output_) / "answers.csv").string()));
    }
    refuse_input(output_, inputs_);
    refuse_input(output_, {model_});
    if (force_ || !std::filesystem::exists(output_, ignored)) return;
    throw_usage("command line: -o", fmt::format("'{}' exists", output_), "a new file",
                "name another one, or give --force");
  }

  AnswerFormat chosen_format(const Output& output) const {
    if (!format_.empty()) return answer_format(format_);
    if (!output_.empty() && output_ != "-") return answer_format_of(output_);
    return output.json() ? AnswerFormat::kJsonLines : AnswerFormat::kText;
  }

  void refuse_for_tensors() const {
    if (output_.empty() && format_.empty() && options_.keep.empty()) return;
    throw_usage(
        "command line",
        fmt::format("{} does not say how its data look: it answers tensors with tensors", model_),
        "neither -o, --format nor --keep",
        "leave them out; stdout has one JSON object for each document");
  }

  int into_file(const SampleRun& run, const Output& output) const {
    AnsweredSamples answered;
    write_file_atomically(output_, [&](const std::filesystem::path& temporary) {
      NewFile file(temporary);
      AnswerWriter writer(options_, run.model.manifest.data->task,
                          [&](std::string_view text) { file.write(text); });
      answered = predict_samples(
          run,
          [&](const JudgedOutputs& judged, const AnswerRows& rows) { writer.write(judged, rows); },
          output);
      file.close();
    });
    const int64_t rows = answered.rows;
    if (output.json()) {
      JsonWriter json;
      json.begin_object().field("verb", "predict").field("model", model_).field("rows", rows);
      json.field("output", output_).end_object();
      output.result(json.text());
    } else {
      output.result(fmt::format("{}: answers for {} row{}", output_, rows, rows == 1 ? "" : "s"));
    }
    refuse_unread(answered);
    return 0;
  }

  std::string model_, output_, format_;
  std::vector<std::string> inputs_;
  AnswerOptions options_;
  bool force_ = false;
};

}  // namespace

std::unique_ptr<Command> make_predict() { return std::make_unique<Predict>(); }

}  // namespace maas
