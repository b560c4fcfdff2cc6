// maas inspect -- show what is in a model.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/json_writer.h"
#include "command.h"
#include "model/model_file.h"
#include "operators.h"
#include "program/dynamic_sizes.h"
#include "program/example_sizes.h"
#include "program/operators.h"
#include "program/summary.h"
#include "sample/describe.h"
#include "tensor/dtype.h"
#include "unread_guards.h"

namespace maas {
namespace {

class Inspect : public Command {
 public:
  void declare(CLI::App& app) override {
    CLI::Option* model =
        app.add_option("model", model_, "a model: .pt or .pt2, or a run folder")->required();
    app.add_flag_callback(
        "--operators",
        [this, model] {
          operators_ = true;
          model->required(false);
        },
        "which rules there are for the model's operators, or all");
    app.add_flag("--graph", graph_, "the graph, one line a node");
  }

  int run(Output& output) override {
    if (operators_) {
      const std::set<std::string> operators = wanted_operators();
      output.result(output.json() ? operators_json(operators) : operators_text(operators));
      return 0;
    }
    model_ = model_file(model_).string();
    const Model model = load_model(model_, FilePages::kShared);
    tell_unread_guards(model.program, output);
    if (graph_ && !output.json()) {
      output.result(to_text(model.program));
      return 0;
    }
    const std::vector<LayerSummary> layers = summarise_layers(model.program);
    output.result(output.json() ? json_text(model, layers) : human_text(model, layers));
    return 0;
  }

 private:
  std::set<std::string> wanted_operators() const {
    if (model_.empty()) return {allowed_operators().begin(), allowed_operators().end()};
    std::set<std::string> operators;
    for (const Node& node : load_model(model_, FilePages::kShared).program.nodes)
      operators.insert(node.op);
    return operators;
  }

  std::string human_text(const Model& model, const std::vector<LayerSummary>& layers) const {
    const Program& program = model.program;
    std::string text = fmt::format("{}  {}\n", model_, model.name_or_stem(model_));
    for (const GraphInput* input : program.user_inputs()) {
      const Value& value = program.value(input->value);
      text += fmt::format("input   {}: {}{}\n", input->target, dtype_name(value.dtype),
                          to_text(value.shape));
    }
    for (const GraphOutput* out : program.user_outputs()) {
      const auto* ref = std::get_if<ValueRef>(&out->value);
      if (ref == nullptr) continue;
      const Value& value = program.value(ref->id);
      text += fmt::format("output  {}: {}{}\n", value.name, dtype_name(value.dtype),
                          to_text(value.shape));
    }
    if (model.manifest.data) {
      for (const std::string& line : description_lines(*model.manifest.data)) text += line + "\n";
    }
    text += ranges(program) + "\n" + table(layers);
    int64_t macs = 0;
    for (const LayerSummary& layer : layers) macs += layer.macs;
    text += fmt::format(
        "\n{} parameters, {:.2f} MiB, {:.3f} million MACs a sample\n", stored_weights(program),
        static_cast<double>(program.byte_count()) / (1 << 20), static_cast<double>(macs) / 1e6);
    for (const auto& [name, value] : model.manifest.metrics) {
      text += fmt::format("metric  {} {:.4f}\n", name, value);
    }
    for (const std::string& step : to_lines(model.manifest.lineage)) {
      text += "made by maas " + step + "\n";
    }
    return text + "sha256  " + model.digest;
  }

  // "size    s53: at most 16; MACs are for 8", "rule    (x.size(2) % 32) == 0".
  static std::string ranges(const Program& program) {
    const ExampleSizes sizes = example_sizes(program);
    std::string text;
    for (const auto& [symbol, size] : sizes.others) {
      const auto range = program.symbols.find(symbol);
      const bool bounded = range != program.symbols.end() && range->second.max;
      text += fmt::format("size    {}: {}MACs are for {}\n", symbol,
                          bounded ? fmt::format("at most {}; ", *range->second.max) : "", size);
    }
    const DynamicSizes rules(program);
    for (const std::string& rule : program.size_rules) {
      const auto expression = DimExpression::parse_rule(rule);
      if (expression) text += fmt::format("rule    {}\n", rules.text_of(*expression));
    }
    return text;
  }

  static std::string table(const std::vector<LayerSummary>& layers) {
    size_t name = 20, op = 20, output = 16;
    for (const LayerSummary& layer : layers) {
      name = std::max(name, layer.name.size());
      op = std::max(op, layer.op.size());
      output = std::max(output, layer.output.size());
    }
    std::string text = fmt::format("{:<{}} {:<{}} {:<{}} {:>12} {:>14}\n", "layer", name,
                                   "operator", op, "output", output, "parameters", "MACs a sample");
    for (const LayerSummary& layer : layers) {
      text += fmt::format("{:<{}} {:<{}} {:<{}} {:>12} {:>14}\n", layer.name, name, layer.op, op,
                          layer.output, output, layer.parameters, layer.macs);
    }
    return text;
  }

  static void write_value(JsonWriter& json, const std::string& name, const Value& value) {
    json.begin_object().field("name", name).field("dtype", dtype_name(value.dtype));
    json.field("shape", to_text(value.shape)).end_object();
  }

  std::string json_text(const Model& model, const std::vector<LayerSummary>& layers) const {
    JsonWriter json;
    json.begin_object().field("verb", "inspect").field("model", model_);
    json.field("name", model.name_or_stem(model_)).field("sha256", model.digest);
    json.field("parameters", stored_weights(model.program));
    json.field("bytes", model.program.byte_count()).key("layers").begin_array();
    int64_t macs = 0;
    for (const LayerSummary& layer : layers) {
      macs += layer.macs;
      json.begin_object().field("name", layer.name).field("operator", layer.op);
      json.field("output", layer.output).field("parameters", layer.parameters);
      json.field("macs", layer.macs).end_object();
    }
    json.end_array().field("macs", macs).key("inputs").begin_array();
    for (const GraphInput* input : model.program.user_inputs()) {
      write_value(json, input->target, model.program.value(input->value));
    }
    json.end_array().key("outputs").begin_array();
    for (const GraphOutput* out : model.program.user_outputs()) {
      const auto* ref = std::get_if<ValueRef>(&out->value);
      if (ref == nullptr) continue;
      write_value(json, model.program.value(ref->id).name, model.program.value(ref->id));
    }
    json.end_array();
    if (model.manifest.data) {
      json.key("data").begin_object();
      write_description(json, *model.manifest.data);
      json.end_object();
    }
    json.key("metrics").begin_object();
    for (const auto& [name, value] : model.manifest.metrics) json.field(name, value);
    json.end_object().key("lineage");
    write_lineage(json, model.manifest.lineage);
    if (graph_) json.field("graph", to_text(model.program));
    json.end_object();
    return json.take();
  }

  std::string model_;
  bool graph_ = false, operators_ = false;
};

}  // namespace

std::unique_ptr<Command> make_inspect() { return std::make_unique<Inspect>(); }

}  // namespace maas
