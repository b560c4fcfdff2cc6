#include "answer_writer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/json_writer.h"
#include "base/shown_text.h"
#include "base/throw_error.h"

namespace maas {
namespace {

double value_at(const at::Tensor& tensor, int64_t index) {
  return tensor.scalar_type() == at::kDouble
             ? tensor.const_data_ptr<double>()[index]
             : static_cast<double>(tensor.const_data_ptr<float>()[index]);
}

// The shortest text that reads back to the same number of its type.
std::string number_text(const at::Tensor& tensor, int64_t index) {
  char text[64];
  auto* const end =
      tensor.scalar_type() == at::kDouble
          ? std::to_chars(text, text + sizeof text, value_at(tensor, index)).ptr
          : std::to_chars(text, text + sizeof text, tensor.const_data_ptr<float>()[index]).ptr;
  return {text, end};
}

std::string csv_cell(const std::string& cell) {
  const bool plain = cell.find_first_of(",\"\r\n") == std::string::npos &&
                     (cell.empty() || (cell.front() != ' ' && cell.back() != ' ' &&
                                       cell.front() != '\t' && cell.back() != '\t'));
  if (plain) return cell;
  std::string quoted = "\"";
  for (const char c : cell) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

std::string csv_line(const std::vector<std::string>& cells) {
  std::string line;
  for (const std::string& cell : cells) {
    if (&cell != &cells.front()) line += ',';
    line += csv_cell(cell);
  }
  return line + '\n';
}

// What a terminal has room for: a table is for reading.
std::string short_number(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  const bool is_long = text.size() > 8 && text.find('.') != std::string::npos;
  return is_number && is_long ? fmt::format("{:.6g}", number) : text;
}

}  // namespace

AnswerFormat answer_format(const std::string& name) {
  if (name == "csv") return AnswerFormat::kCsv;
  if (name == "jsonl") return AnswerFormat::kJsonLines;
  return name == "table" ? AnswerFormat::kTable : AnswerFormat::kText;
}

AnswerFormat answer_format_of(const std::string& path) {
  const std::string ending = std::filesystem::path(path).extension().string();
  if (ending == ".csv") return AnswerFormat::kCsv;
  if (ending == ".jsonl" || ending == ".ndjson") return AnswerFormat::kJsonLines;
  if (ending == ".txt") return AnswerFormat::kTable;
  throw_usage("command line: -o", fmt::format("'{}' does not say what form the answers have", path),
              "a name that ends in .csv, .jsonl or .txt", "give --format csv, jsonl or table");
}

AnswerWriter::AnswerWriter(AnswerOptions options, const TaskSpec& task, Sink sink)
    : options_(std::move(options)), task_(task), sink_(std::move(sink)) {}

void AnswerWriter::find_kept(const AnswerRows& rows) {
  if (options_.keep.empty() || kept_of_ == rows.input) return;
  if (rows.cells == nullptr) {
    throw_usage("command line: --keep", fmt::format("{} has no columns", rows.input), "a CSV file",
                "leave --keep out");
  }
  kept_.clear();
  for (const std::string& name : options_.keep) kept_.push_back(rows.cells->find(name));
  kept_of_ = rows.input;
}

void AnswerWriter::write(const JudgedOutputs& judged, const AnswerRows& rows) {
  outputs_ = judged.outputs.size(1);
  find_kept(rows);
  std::string text;
  const int64_t count = judged.outputs.size(0);
  if (options_.format == AnswerFormat::kTable) {
    text = table_of(judged, rows);
  } else {
    const bool csv = options_.format == AnswerFormat::kCsv;
    if (csv && !begun_) text = csv_line(header(rows));
    for (int64_t row = 0; row < count; ++row) {
      text += csv                                      ? csv_line(cells_of(judged, row, rows))
              : options_.format == AnswerFormat::kText ? line_of_text(judged, row, rows)
                                                       : line_of_json(judged, row, rows);
    }
  }
  begun_ = true;
  sink_(text);
}

std::vector<std::string> AnswerWriter::answer_names() const {
  std::vector<std::string> names;
  const auto name = [&](int64_t i) { return name_of_output(task_, i, std::to_string(i)); };
  if (task_.kind == TaskKind::kClassification) {
    names = {"label", "probability"};
    for (int64_t i = 2; options_.top && i <= std::min(*options_.top, outputs_); ++i) {
      names.push_back(fmt::format("label_{}", i));
      names.push_back(fmt::format("probability_{}", i));
    }
    for (int64_t i = 0; !options_.top && i < outputs_; ++i) names.push_back("p_" + name(i));
    return names;
  }
  for (int64_t i = 0; i < outputs_; ++i) {
    const bool regression = task_.kind == TaskKind::kRegression;
    names.push_back(regression ? name_of_output(task_, i, outputs_ == 1 ? "value" : name(i))
                               : name(i));
  }
  for (int64_t i = 0; task_.kind == TaskKind::kMultiLabel && i < outputs_; ++i) {
    names.push_back("p_" + name(i));
  }
  return names;
}

AnswerWriter::Cells AnswerWriter::header(const AnswerRows& rows) const {
  Cells cells;
  const bool is_table = rows.cells != nullptr;
  if (options_.several_inputs || !is_table) cells.emplace_back("input");
  if (is_table) cells.emplace_back("row");
  const std::vector<std::string> answers = answer_names();
  for (const std::string& name : options_.keep) {
    const bool taken = std::find(answers.begin(), answers.end(), name) != answers.end() ||
                       std::find(cells.begin(), cells.end(), name) != cells.end();
    cells.push_back(taken ? "input_" + name : name);
  }
  cells.insert(cells.end(), answers.begin(), answers.end());
  return cells;
}

AnswerWriter::Cells AnswerWriter::cells_of(const JudgedOutputs& judged, int64_t row,
                                           const AnswerRows& rows) const {
  Cells cells;
  const bool is_table = rows.cells != nullptr;
  if (!is_table) {
    cells.push_back(rows.is_alone ? rows.input
                                  : fmt::format("{}:{}", rows.input, rows.first_row + row + 1));
  } else if (options_.several_inputs) {
    cells.push_back(rows.input);
  }
  if (is_table) cells.push_back(std::to_string(rows.first_row + row + 1));
  for (const int64_t column : kept_) {
    const Cell cell = rows.cells->cell(row, column);
    cells.emplace_back(cell.view());
  }
  add_answer(judged, row, cells);
  return cells;
}

void AnswerWriter::add_answer(const JudgedOutputs& judged, int64_t row, Cells& cells) const {
  if (judged.is_answer[row] == 0) {
    cells.resize(cells.size() + answer_names().size());
    return;
  }
  const int64_t first = row * outputs_;
  if (task_.kind == TaskKind::kRegression) {
    for (int64_t i = 0; i < outputs_; ++i) cells.push_back(number_text(judged.outputs, first + i));
    return;
  }
  const at::Tensor& shares = judged.probabilities;
  if (task_.kind == TaskKind::kClassification) {
    for (const ScoredLabel& label :
         highest_labels(judged, row, task_, std::max<int64_t>(options_.top.value_or(1), 1))) {
      cells.push_back(label.label);
      cells.push_back(number_text(shares, first + label.index));
    }
    if (options_.top) return;
  } else {
    for (int64_t i = 0; i < outputs_; ++i) {
      cells.emplace_back(label_holds(judged, row, task_, i) ? "1" : "0");
    }
  }
  for (int64_t i = 0; i < outputs_; ++i) cells.push_back(number_text(shares, first + i));
}

std::string AnswerWriter::line_of_text(const JudgedOutputs& judged, int64_t row,
                                       const AnswerRows& rows) const {
  std::string text =
      rows.is_alone ? rows.input : fmt::format("{} row {}", rows.input, rows.first_row + row + 1);
  for (const int64_t column : kept_) {
    const Cell cell = rows.cells->cell(row, column);
    text += "  " + shown_text(cell, std::string::npos);
  }
  if (task_.kind == TaskKind::kRegression) {
    for (int64_t i = 0; i < outputs_; ++i) {
      text += fmt::format("  {} {}", name_of_output(task_, i, "value"),
                          number_text(judged.outputs, row * outputs_ + i));
    }
    return text + '\n';
  }
  if (judged.is_answer[row] == 0) return text + "  no answer: the outputs are NaN or infinite\n";
  if (task_.kind == TaskKind::kMultiLabel) {
    std::vector<std::string> holding = holding_labels(judged, row, task_);
    for (std::string& label : holding) label = shown_text(label);
    text += holding.empty() ? "  no label" : fmt::format("  {}", fmt::join(holding, ", "));
    text += ":";
  }
  for (const ScoredLabel& label : highest_labels(judged, row, task_, options_.top.value_or(3))) {
    text += fmt::format("  {} {:.4f}", shown_text(label.label), label.probability);
  }
  return text + '\n';
}

std::string AnswerWriter::line_of_json(const JudgedOutputs& judged, int64_t row,
                                       const AnswerRows& rows) const {
  JsonWriter json;
  json.begin_object();
  json.field("input", rows.is_alone ? rows.input
                                    : fmt::format("{}:{}", rows.input, rows.first_row + row + 1));
  for (size_t i = 0; i < kept_.size(); ++i) {
    if (i == 0) json.key("kept").begin_object();
    const Cell cell = rows.cells->cell(row, kept_[i]);
    json.field(options_.keep[i], cell.view());
    if (i + 1 == kept_.size()) json.end_object();
  }
  Answer answer{judged.outputs[row], judged.is_answer[row] != 0};
  const bool labelled = task_.kind != TaskKind::kRegression;
  if (labelled && answer.is_answer) {
    answer.labels = highest_labels(judged, row, task_, options_.top.value_or(outputs_));
    answer.holding = holding_labels(judged, row, task_);
  }
  write_answer(json, answer, task_);
  json.end_object();
  return json.take() + '\n';
}

std::string AnswerWriter::table_of(const JudgedOutputs& judged, const AnswerRows& rows) {
  std::vector<Cells> lines;
  if (!begun_) lines.push_back(header(rows));
  for (int64_t row = 0; row < judged.outputs.size(0); ++row) {
    lines.push_back(cells_of(judged, row, rows));
    if (task_.kind == TaskKind::kRegression) continue;  // what was asked for
    for (std::string& cell : lines.back()) cell = short_number(cell);
  }
  if (lines.empty()) return "";
  for (Cells& line : lines) {
    for (std::string& cell : line) cell = shown_text(cell, std::string::npos);
  }
  widths_.resize(lines[0].size());
  for (const Cells& line : lines) {
    for (size_t c = 0; c < line.size(); ++c) widths_[c] = std::max(widths_[c], line[c].size());
  }
  std::string text;
  for (const Cells& line : lines) {
    std::string row;
    for (size_t c = 0; c < line.size(); ++c) row += fmt::format("{:<{}}  ", line[c], widths_[c]);
    text += row.substr(0, row.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

}  // namespace maas
