// A network's outputs -> what its user asked: labels with probabilities, or numbers with names.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/json_writer.h"
#include "program/last_squash.h"
#include "sample/spec.h"

namespace maas {

struct ScoredLabel {
  int64_t index = 0;
  std::string label;  // the index in digits where the task has no name for it
  float probability = 0;
};

// What the first output says of all rows of a batch.
struct JudgedOutputs {
  at::Tensor outputs;           // [B, K] float32, or float64 where the network gives that
  at::Tensor probabilities;     // the same shape and type; undefined for a regression
  std::vector<char> is_answer;  // [B]; 0: some outputs are NaN or infinite
};

// `outputs` [B, K]: a network's first output, whose form is `form` (evaluate/evaluate.h,
// output_form_of).
JudgedOutputs judge_outputs(const at::Tensor& outputs, TaskKind task, OutputForm form);

// What the first output says of one row.
struct Answer {
  at::Tensor outputs;     // [K] float32, or float64 where the network gives that
  bool is_answer = true;  // false: some are NaN or infinite
  // Classification and several labels: the answer first, as highest_labels() has them, as many as
  // were asked for; none where is_answer is false.
  std::vector<ScoredLabel> labels = {};
  std::vector<std::string> holding = {};  // of several labels those that hold, the likeliest first
};

// One a row of `outputs`, as judge_outputs() takes them. `most`: how many labels, at least 1.
std::vector<Answer> answers_of(const at::Tensor& outputs, const TaskSpec& task, OutputForm form,
                               int64_t most);

// Those of row `row` with the highest probabilities, highest first; of a classification with
// thresholds by the multiple of their threshold, so that the first is what the metrics count.
std::vector<ScoredLabel> highest_labels(const JudgedOutputs& judged, int64_t row,
                                        const TaskSpec& task, int64_t most);

// Of several labels the names of those that hold in row `row`, the likeliest first.
std::vector<std::string> holding_labels(const JudgedOutputs& judged, int64_t row,
                                        const TaskSpec& task);

// "label", "index" and "probability", or "labels" of several (Answer::holding; null without an
// answer), and "probabilities" (an object of the answer's labels); of a regression "values", by
// target; and "outputs": members of the object that is open.
void write_answer(JsonWriter& json, const Answer& answer, const TaskSpec& task);

// Whether label `k` of several holds in row `row`: its probability is at least its threshold, or
// 0.5.
bool label_holds(const JudgedOutputs& judged, int64_t row, const TaskSpec& task, int64_t k);

// A value as precisely as its type has it, a float32 in its shortest form.
void write_output(JsonWriter& json, const at::Tensor& value);

// The name of output `index`: a class or a target; else `otherwise`.
std::string name_of_output(const TaskSpec& task, int64_t index, const std::string& otherwise);

}  // namespace maas
