// `maas predict` for a model that knows how its data look: images, rows of a table.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "answer_writer.h"
#include "model/model.h"
#include "output.h"

namespace maas {

struct SampleRun {
  const Model& model;               // with manifest.data
  std::string model_path;           // for messages
  std::vector<std::string> inputs;  // as they were typed; "-" is stdin
  const std::atomic<int>& signal;   // set = stop
};

using WriteAnswers = std::function<void(const JudgedOutputs&, const AnswerRows&)>;

struct AnsweredSamples {
  int64_t rows = 0;
  // Of image files that could not be read, the first twenty, and how many there are: the others
  // have their answers.
  std::vector<Problem> unread;
};

// Answers for every input, given to `write` in their order. A table model takes CSV, gzipped or
// not, in memory that does not grow with the file; JSON of one sample or a list (a name that ends
// in .json, or stdin that starts with { or [), and JSON documents one a line (.jsonl, .ndjson). An
// image model takes files, folders of them (all below, by name) and JSON of pixels. Warnings of
// categories that training did not have come at the end of each input.
//
// Throws Error{kInput} for what does not fit (of image files only where none can be read),
// Error{kInterrupted} after a signal, and Error{kFailed} when more than half of the rows have no
// answer.
AnsweredSamples predict_samples(const SampleRun& run, const WriteAnswers& write,
                                const Output& output);

}  // namespace maas
