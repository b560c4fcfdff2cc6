// What a sample looks like, and how raw input becomes one: travels inside the model, so that
// `predict` and `serve` take what the user has.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sample/date_time.h"

namespace maas {

// A number that a column gives the model: mean and standard deviation over the training rows.
struct NumericFeature {
  std::string name;
  double mean = 0, std_dev = 1;  // std_dev > 0
  bool operator==(const NumericFeature&) const = default;
};

// What the model takes in of a column's cells: numbers (dates give several), an index, or the
// pieces of a text.
enum class ColumnType { kNumeric, kCategorical, kText };

// One column of a table.
struct ColumnSpec {
  std::string name;
  ColumnType type = ColumnType::kNumeric;
  // numeric: mean and standard deviation of the training rows; std_dev > 0.
  double mean = 0, std_dev = 1;
  // categorical: known values in order of index 1..n; index 0 = unknown or missing.
  std::vector<std::string> categories;
  // categorical: those that training had too rarely to learn anything of; index 0 as well.
  std::vector<std::string> rare = {};
  // numeric: a currency's or percent's, which the cells may have beside the number; "" = none.
  std::string sign = {};
  // A column of dates, written in this order; it gives a number for each of date_parts.
  std::optional<DateOrder> date = {};
  std::vector<NumericFeature> date_parts = {};  // names as date_part_names() has them
  bool is_categorical() const { return type == ColumnType::kCategorical; }
  bool is_text() const { return type == ColumnType::kText; }
  bool operator==(const ColumnSpec&) const = default;
};

// How texts become indices (text_pieces.h). All columns of text share both.
struct TextForm {
  int64_t buckets = 0;  // a piece is one of 1..buckets; 0 = the table has no text
  int64_t pieces = 0;   // width of the input "text": what a row has beyond is left out
  bool operator==(const TextForm&) const = default;
};
inline constexpr int64_t kMostTextBuckets = int64_t{1} << 24;
inline constexpr int64_t kMostTextPieces = int64_t{1} << 16;

// How the text of a table was written, and is read wherever the model reads CSV.
struct TableFormat {
  std::string delimiter = ",";     // one byte
  bool header = true;              // the first row holds the names
  std::string decimal = ".";       // "." or ","; "auto" in a config: guess_numbers.h
  std::string thousands;           // what groups digits: "" (nothing), ",", ".", " " or "'"; "auto"
  std::string encoding = "utf-8";  // "utf-8", "latin-1" or "windows-1252"
  std::vector<std::string> missing_values = {};  // spellings of "missing" besides the usual ones
  bool operator==(const TableFormat&) const = default;
};

enum class InputKind { kImage, kTable };

struct InputSpec {
  InputKind kind = InputKind::kImage;

  // kImage: one model input "image", uint8 [B, channels, height, width].
  int64_t channels = 0, height = 0, width = 0;
  bool resize_to_fit = false;  // images of other sizes are resized (shorter side, then centre crop)
  // Per channel, of pixels / 255, over the training set; used when the graph standardises.
  std::vector<double> mean, std_dev;

  // kTable: the numbers of columns make the input "numeric", float32 [B, N], or float64 where
  // `float64`; categorical ones the input "categorical", int64 [B, C] with values in [0,
  // categories]; columns of text together the input "text", int64 [B, text.pieces] with values in
  // [0, text.buckets], 0 = nothing. An input without columns is absent; the order is this one.
  std::vector<ColumnSpec> columns;  // in file order
  bool float64 = false;             // float32 cannot tell the values of a column apart
  std::string missing = "error";    // error | mean (numeric: the mean; categorical: unknown)
  TableFormat format = {};
  TextForm text = {};

  // In the order of the input "numeric": of a column of dates "when.year", "when.day", ...
  std::vector<NumericFeature> numeric_features() const;
  std::vector<ColumnSpec> categorical_columns() const;
  bool has_text() const { return text.buckets > 0; }
  bool is_one_text() const { return columns.size() == 1 && columns[0].is_text(); }
  bool operator==(const InputSpec&) const = default;
};

enum class TaskKind { kClassification, kMultiLabel, kRegression };

// True when standardising values of this mean and deviation in float32 loses what they differ in:
// the mean is more than 1000 deviations away (2^-24 of it is then above 6e-5 deviations), or the
// deviation lies where float32 has few digits. Such numbers stay float64 until they are
// standardised.
bool needs_float64(double mean, double std_dev);

// Where the values of one target lie in training.
struct TargetScale {
  double mean = 0, std_dev = 1;  // in the target's units; std_dev > 0
  bool operator==(const TargetScale&) const = default;
};

struct TaskSpec {
  TaskKind kind = TaskKind::kClassification;
  std::vector<std::string> labels;  // class names by index; regression: names of the targets
  // kRegression: what the network puts behind itself to give the targets' units
  // (zoo/target_scale.h), and what its loss is measured in (train/loss.h): one a target, of the
  // training rows; empty = the network gives the units by itself.
  std::vector<TargetScale> scales = {};
  // One a label, in (0, 1): of a classification the answer is the label whose probability is the
  // highest multiple of its threshold, of several labels those whose probability is at least
  // theirs. Empty: the most probable label; 0.5 (eval.threshold).
  std::vector<double> thresholds = {};
  // A target needs float64: targets, outputs in their unit and the scales are float64 then.
  bool needs_float64() const;
  int64_t outputs() const { return static_cast<int64_t>(labels.size()); }
  bool operator==(const TaskSpec&) const = default;
};

std::string to_text(InputKind kind);  // "image", "table"
// "numeric", "date", "categorical", "text"
std::string type_name(const ColumnSpec& column);
std::string to_text(TaskKind kind);  // "classification", "multi_label", "regression"

struct DataSpec {
  InputSpec input;
  TaskSpec task;
  bool operator==(const DataSpec&) const = default;
};

}  // namespace maas
