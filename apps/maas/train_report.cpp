#include "train_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/shell_word.h"
#include "data_profile.h"
#include "evaluate/class_scores.h"
#include "evaluate/confidence_bins.h"
#include "program/summary.h"
#include "record/environment.h"
#include "record/metrics_log.h"
#include "record/report.h"
#include "record/report_examples.h"

namespace maas {
namespace {

std::string input_text(const InputSpec& input) {
  if (input.kind == InputKind::kImage) {
    return fmt::format("images, {} x {} x {}", input.channels, input.height, input.width);
  }
  const auto count = [&](ColumnType type) {
    return std::count_if(input.columns.begin(), input.columns.end(),
                         [&](const ColumnSpec& column) { return column.type == type; });
  };
  std::string text = fmt::format("table, {} numeric and {} categorical columns",
                                 count(ColumnType::kNumeric), count(ColumnType::kCategorical));
  const auto texts = count(ColumnType::kText);
  if (texts == 0) return text;
  return text + fmt::format(", {} of text ({} pieces in {} buckets)", texts, input.text.pieces,
                            input.text.buckets);
}

std::vector<ReportFact> data_facts(const TrainReport& report) {
  const DataSplits& data = report.job.data;
  std::vector<ReportFact> facts = {{"type", report.experiment.data.type},
                                   {"input", input_text(data.spec.input)},
                                   {"task", to_text(data.spec.task.kind)},
                                   {"outputs", std::to_string(data.spec.task.outputs())},
                                   {"training rows", std::to_string(data.train->size())}};
  if (data.validation) {
    facts.push_back({"validation rows", std::to_string(data.validation->size())});
  }
  if (data.test) facts.push_back({"test rows", std::to_string(data.test->size())});
  return facts;
}

std::vector<ReportFact> headlines(const TrainReport& report) {
  const double samples = static_cast<double>(report.job.data.train->size()) *
                         static_cast<double>(report.result.epochs);
  return {{"parameters", std::to_string(report.result.program.parameter_count())},
          {"weights",
           fmt::format("{:.2f} MB", static_cast<double>(report.result.program.byte_count()) / 1e6)},
          {"training", fmt::format("{:.1f} s", report.result.seconds)},
          {"rate", fmt::format("{:.0f} rows/s", samples / std::max(report.result.seconds, 1e-9))}};
}

// None when the log could not be written, of which there was a warning.
std::vector<ReportSeries> curves_of(const std::filesystem::path& log) {
  try {
    return report_curves(read_metrics_log(log));
  } catch (const Error&) {
    return {};
  }
}

std::vector<std::string> model_lines(const Program& program) {
  std::vector<std::string> lines;
  for (const LayerSummary& layer : summarise_layers(program)) {
    lines.push_back(fmt::format("{:<28} {:<22} {:>24} {:>12}", layer.name, layer.op, layer.output,
                                layer.parameters));
  }
  return lines;
}

}  // namespace

std::string example_file(const FitJob& job) {
  if (job.data.spec.input.kind != InputKind::kTable) return "picture.png";
  return job.data_config.type == "texts" ? "new.txt" : "new.csv";
}

std::vector<ReportCommand> next_commands(const std::string& model, const FitJob& job) {
  const std::string model_path = shell_word(model);
  const std::string file = example_file(job);
  const bool text = file == "new.txt", table = file == "new.csv";
  const char* const body = text    ? "-H 'Content-Type: text/plain' --data-binary @new.txt"
                           : table ? "-H 'Content-Type: text/csv' --data-binary @new.csv"
                                   : "-F image=@picture.png";
  return {{fmt::format("maas predict {} {}", model_path, file),
           text    ? "the answer for a text"
           : table ? "answers for new rows, of the same columns"
                   : "the answer for a picture"},
          {fmt::format("maas eval {}", model_path), "measure it again; name new data with labels"},
          {fmt::format("maas serve {} --port 8000", model_path), "answer requests"},
          {fmt::format("curl http://127.0.0.1:8000/predict {}", body), "ask the server"},
          {fmt::format("maas inspect {}", model_path), "layers, sizes, lineage"}};
}

std::string train_report_html(const TrainReport& report, const std::string& folder) {
  ReportData data;
  const TaskSpec& task = report.job.data.spec.task;
  data.name = report.experiment.name;
  const std::string& from = report.experiment.model.from.path;
  data.subtitle =
      fmt::format("{} on {} data, seed {}", from.empty() ? report.experiment.model.type : from,
                  report.experiment.data.type, report.experiment.seed);
  data.task = task.kind;
  data.evaluated_on = report.held_out_name;
  data.metrics = report.metrics;
  data.require = report.experiment.eval.require;
  data.labels = task.labels;
  data.curves = curves_of(std::filesystem::path(folder) / "metrics.jsonl");
  if (report.job.data.validation) data.best_step = report.result.best_step;
  if (task.kind == TaskKind::kClassification) {
    data.confidence_bins = confidence_bins(class_scores(report.predictions));
    data.examples = report_examples(report.predictions, report.held_out);
  } else if (task.kind == TaskKind::kRegression) {
    data.points = report_points(report.predictions);
  }
  data.tables = report.tables;
  data.bars = report.bars;
  data.headlines = headlines(report);
  data.data_facts = data_facts(report);
  data.environment = environment_facts();
  data.model_lines = model_lines(report.result.program);
  const std::vector<std::string>& warnings = report.job.data.warnings;
  data.warnings.assign(warnings.begin(), warnings.begin() + static_cast<int64_t>(std::min<size_t>(
                                                                warnings.size(), 100)));
  data.resolved_yaml = report.resolved_yaml;
  data.tables_below = data_profile(*report.job.data.train);
  data.commands = next_commands(report.model_path, report.job);
  return report_html(data);
}

}  // namespace maas
