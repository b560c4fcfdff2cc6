// maas predict -- answer for single inputs.
//
// Reads   the model; images (of sample/image_format.h), CSV files, or JSON on stdin ("-"); raw
// tensors as JSON for
//         a network that somebody exported, which does not say how files become inputs.
// Prints  a line a row: input, label, probability; with --json an object a row. On stderr a warning
//         for each column with categories that training did not have.
#include <ATen/ops/isfinite.h>
#include <ATen/ops/softmax.h>
#include <fmt/format.h>

#include <iostream>
#include <iterator>

#include "base/files.h"
#include "base/json_writer.h"
#include "command.h"
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
    form_ = output_form_of(model.program, task.kind);
    Unanswered unanswered("they have no answer");
    for (const std::string& input : inputs_) {
      std::vector<std::string> warnings;
      const std::vector<at::Tensor> tensors = read(input, model.manifest.data->input, warnings);
      for (const std::string& warning : warnings) output.warn(warning);
      at::Tensor outputs = plan->run(tensors).at(0).contiguous();
      if (outputs.scalar_type() != at::kDouble) outputs = outputs.to(at::kFloat);
      for (int64_t row = 0; row < outputs.size(0); ++row) {
        const std::string name =
            outputs.size(0) == 1 ? input : fmt::format("{}:{}", input, row + 1);
        unanswered.add(1, report(name, outputs[row], task, output) ? 0 : 1);
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

  at::Tensor probabilities_of(const at::Tensor& row, TaskKind task) const {
    if (form_ == OutputForm::kProbabilities) return row;
    return task == TaskKind::kClassification ? at::softmax(row, 0) : row.sigmoid();
  }

  // Whether there is an answer.
  bool report(const std::string& name, const at::Tensor& row, const TaskSpec& task,
              const Output& output) const {
    if (task.kind == TaskKind::kRegression) return report_values(name, row, task, output);
    const at::Tensor probabilities = probabilities_of(row, task.kind);
    const bool is_answer = at::isfinite(probabilities).all().item<bool>();
    const int64_t shown = std::min<int64_t>(top_, probabilities.numel());
    const auto [values, indices] = probabilities.topk(shown);
    const auto label = [&](int64_t i) {
      const auto index = indices[i].item<int64_t>();
      return static_cast<size_t>(index) < task.labels.size() ? task.labels[index]
                                                             : std::to_string(index);
    };
    if (output.json()) {
      JsonWriter json;
      json.begin_object().field("input", name);
      if (is_answer) {
        json.field("label", label(0)).field("index", indices[0].item<int64_t>());
        json.field("probability", values[0].item<float>());
      } else {
        json.key("label").null().key("index").null().key("probability").null();
      }
      json.key("outputs").begin_array();
      for (int64_t i = 0; i < row.numel(); ++i) json.value(row[i].item<float>());
      json.end_array().end_object();
      output.result(json.text());
      return is_answer;
    }
    std::string text = name;
    if (!is_answer) {
      output.result(text + "  no answer: the outputs are NaN or infinite");
      return false;
    }
    for (int64_t i = 0; i < shown; ++i) {
      text += fmt::format("  {} {:.4f}", label(i), values[i].item<float>());
    }
    output.result(text);
    return true;
  }

  static void write_value(JsonWriter& json, const at::Tensor& value) {
    if (value.scalar_type() == at::kDouble) {
      json.value(value.item<double>());
    } else {
      json.value(value.item<float>());
    }
  }

  static bool report_values(const std::string& name, const at::Tensor& row, const TaskSpec& task,
                            const Output& output) {
    const bool is_answer = at::isfinite(row).all().item<bool>();
    if (output.json()) {
      JsonWriter json;
      json.begin_object()
          .field("input", name)
          .field("label", task.labels.empty() ? "" : task.labels[0]);
      json.field("index", 0).key("probability").null().key("outputs").begin_array();
      for (int64_t i = 0; i < row.numel(); ++i) write_value(json, row[i]);
      json.end_array().end_object();
      output.result(json.text());
      return is_answer;
    }
    // float64 is given where the values differ in digits that float32 does not have.
    const int digits = row.scalar_type() == at::kDouble ? 15 : 6;
    std::string text = name;
    for (int64_t i = 0; i < row.numel(); ++i) {
      const auto index = static_cast<size_t>(i);
      text += fmt::format("  {} {:.{}g}", index < task.labels.size() ? task.labels[index] : "value",
                          row[i].item<double>(), digits);
    }
    output.result(text);
    return is_answer;
  }

  std::string model_;
  std::vector<std::string> inputs_;
  int64_t top_ = 3;
  OutputForm form_ = OutputForm::kLogits;
};

}  // namespace

std::unique_ptr<Command> make_predict() { return std::make_unique<Predict>(); }

}  // namespace maas
