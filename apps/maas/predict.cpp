// maas predict -- answer for single inputs.
//
// Reads   the model; images (of sample/image_format.h), CSV files, or JSON on stdin ("-"); raw
// tensors as JSON for
//         a network that somebody exported, which does not say how files become inputs.
// Prints  a line a row: input, label, probability; with --json an object a row. On stderr a warning
//         for each column with categories that training did not have.
#include <fmt/format.h>

#include <iostream>
#include <iterator>

#include "base/files.h"
#include "base/json_writer.h"
#include "command.h"
#include "evaluate/answers.h"
#include "evaluate/evaluate.h"
#include "predict_tensors.h"
#include "run/plan.h"
#include "sample/raw_input.h"
#include "sources.h"
#include "unanswered.h"
#include "unread_guards.h"
#include "usage.h"

namespace maas {
namespace {

class Predict : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("model", model_, "a model: .pt or .pt2")->required();
    app.add_option("inputs", inputs_, "image, CSV or JSON files; - reads JSON from stdin")
        ->required();
    app.add_option("--top", top_, "how many labels to show")->check(whole_number(1, 1000));
  }

  int run(Output& output) override {
    const Model model = load_model(model_);
    tell_unread_guards(model.program, output);
    if (!model.manifest.data) {
      predict_tensors(model, model_, inputs_, output);
      return 0;
    }
    set_threads(1);
    const auto plan = Plan::compile(model.program, {.plan_for = PlanFor::kInference});
    const TaskSpec& task = model.manifest.data->task;
    const OutputForm form = output_form_of(model.program, task.kind);
    Unanswered unanswered("they have no answer");
    for (const std::string& input : inputs_) {
      std::vector<std::string> warnings;
      const std::vector<at::Tensor> tensors = read(input, model.manifest.data->input, warnings);
      for (const std::string& warning : warnings) output.warn(warning);
      const std::vector<Answer> answers = answers_of(plan->run(tensors).at(0), task, form, top_);
      for (size_t row = 0; row < answers.size(); ++row) {
        const std::string name = answers.size() == 1 ? input : fmt::format("{}:{}", input, row + 1);
        unanswered.add(1, report(name, answers[row], task, output) ? 0 : 1);
      }
    }
    unanswered.tell(model_, output);
    return 0;
  }

 private:
  static std::vector<at::Tensor> read(const std::string& input, const InputSpec& spec,
                                      std::vector<std::string>& warnings) {
    if (input == "-") {
      const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
      return decode_json(text, "stdin", spec, &warnings);
    }
    if (spec.kind == InputKind::kTable) {
      const std::string text = read_file(input);
      const bool json = input.size() > 5 && input.substr(input.size() - 5) == ".json";
      return json ? decode_json(text, input, spec, &warnings)
                  : decode_csv(text, input, spec, &warnings);
    }
    return decode_image_file(input, spec);
  }

  // Whether there is an answer.
  bool report(const std::string& name, const Answer& answer, const TaskSpec& task,
              const Output& output) const {
    if (output.json()) {
      JsonWriter json;
      json.begin_object().field("input", name);
      write_answer(json, answer, task);
      json.end_object();
      output.result(json.text());
    } else {
      output.result(name + text_of(answer, task));
    }
    return answer.is_answer;
  }

  static std::string text_of(const Answer& answer, const TaskSpec& task) {
    std::string text;
    if (task.kind == TaskKind::kRegression) {
      // float64 is given where the values differ in digits that float32 does not have.
      const int digits = answer.outputs.scalar_type() == at::kDouble ? 15 : 6;
      for (int64_t i = 0; i < answer.outputs.numel(); ++i) {
        text += fmt::format("  {} {:.{}g}", name_of_output(task, i, "value"),
                            answer.outputs[i].item<double>(), digits);
      }
      return text;
    }
    if (!answer.is_answer) return "  no answer: the outputs are NaN or infinite";
    for (const ScoredLabel& label : answer.labels) {
      text += fmt::format("  {} {:.4f}", label.label, label.probability);
    }
    return text;
  }

  std::string model_;
  std::vector<std::string> inputs_;
  int64_t top_ = 3;
};

}  // namespace

std::unique_ptr<Command> make_predict() { return std::make_unique<Predict>(); }

}  // namespace maas
