// Answers of a model as somebody wants to read them: lines, a table, CSV, JSON.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evaluate/answers.h"
#include "sample/csv_grid.h"
#include "sample/spec.h"

namespace maas {

enum class AnswerFormat { kText, kTable, kCsv, kJsonLines };
inline bool is_for_programs(AnswerFormat format) {
  return format == AnswerFormat::kCsv || format == AnswerFormat::kJsonLines;
}

// "text", "table", "csv" or "jsonl".
AnswerFormat answer_format(const std::string& name);
// By a file's ending; Error{kUsage} naming --format where it says nothing.
AnswerFormat answer_format_of(const std::string& path);

struct AnswerOptions {
  AnswerFormat format = AnswerFormat::kText;
  // How many labels; CSV, tables and JSON have all without it, lines of text three.
  std::optional<int64_t> top = {};
  std::vector<std::string> keep = {};  // columns of the input that stand before the answer
  bool several_inputs = false;         // each row says which it is from
};

// Where rows came from.
struct AnswerRows {
  std::string input;               // a file, or "stdin"
  int64_t first_row = 0;           // counted from 0
  bool is_alone = false;           // the input is this one row
  const CsvGrid* cells = nullptr;  // for `keep`; null = the input has no columns
};

// CSV and tables have the columns
//   input    where there are several, or it is one picture
//   row      of the input, from 1
//   those of `keep`; one that is called as an answer is gets "input_" in front
// and then
//   classification    label, probability, and p_LABEL for each; with `top` label_2,
//   probability_2... several labels    LABEL (0 or 1, by a probability of 0.5) and p_LABEL for each
//   regression        each target by its name, in its unit
// Cells are quoted as RFC 4180 says, numbers have a point. A row without an answer has empty cells.
class AnswerWriter {
 public:
  using Sink = std::function<void(std::string_view)>;
  AnswerWriter(AnswerOptions options, const TaskSpec& task, Sink sink);

  // Error{kUsage} where `rows` have no column that is to be kept.
  void write(const JudgedOutputs& judged, const AnswerRows& rows);

 private:
  using Cells = std::vector<std::string>;
  Cells header(const AnswerRows& rows) const;
  Cells cells_of(const JudgedOutputs& judged, int64_t row, const AnswerRows& rows) const;
  void add_answer(const JudgedOutputs& judged, int64_t row, Cells& cells) const;
  std::vector<std::string> answer_names() const;
  std::string line_of_text(const JudgedOutputs& judged, int64_t row, const AnswerRows& rows) const;
  std::string line_of_json(const JudgedOutputs& judged, int64_t row, const AnswerRows& rows) const;
  std::string table_of(const JudgedOutputs& judged, const AnswerRows& rows);
  void find_kept(const AnswerRows& rows);

  AnswerOptions options_;
  const TaskSpec& task_;
  Sink sink_;
  int64_t outputs_ = 0;        // of the network
  std::vector<int64_t> kept_;  // columns of the input that is being written
  std::string kept_of_;        // that input
  bool begun_ = false;
  std::vector<size_t> widths_;  // of a table's columns
};

}  // namespace maas
