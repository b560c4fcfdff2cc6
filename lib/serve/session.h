// A model as the server sees it: named tensors in, named tensors out.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "program/last_squash.h"
#include "sample/spec.h"

namespace maas {

// What the values of an input that picks rows, or of a part of it, may be: those whose place in
// dimension `dim` is in [begin, end); dim -1 = all.
struct ValueRange {
  int64_t lowest = 0, highest = 0;  // both included
  std::string reason;               // for the client: "it picks from 'wte.weight'"
  int64_t dim = -1;
  int64_t begin = 0, end = 0;
};

struct TensorInfo {
  std::string name;
  at::ScalarType dtype = at::kFloat;
  std::vector<int64_t> shape;           // -1 = dynamic
  std::vector<ValueRange> values = {};  // all must hold; none = whatever the dtype has
};

// How what users have becomes the inputs (sample/raw_input.h), and what the first output says of it
// (evaluate/answers.h).
struct SampleForm {
  DataSpec data;
  OutputForm outputs = OutputForm::kLogits;
};

struct SessionInfo {
  std::string name;  // is_model_name() holds
  std::string version = "1";
  std::string platform = "maas_pt2";
  std::vector<TensorInfo> inputs, outputs;
  int64_t max_batch =
      0;  // the most that the model takes as a dynamic first size; 0 = no bound known
  // Rows of several requests may share a call: the first dimension of every input and output counts
  // rows, and none depends on another.
  bool joins_rows = false;
  std::vector<std::string> labels;  // class names by index along the last output dimension; or none
  std::optional<SampleForm> samples = {};  // of a model that says how its data look
};

class Session {
 public:
  virtual ~Session() = default;

  // Does not change during the session's life.
  virtual const SessionInfo& info() const = 0;

  // Refuses what infer() would, as far as sizes go, with the same errors: before requests are put
  // together.
  virtual void check(const std::vector<at::Tensor>&) const {}

  // Tensors in the order of info().inputs with their dtype and fitting shapes; outputs in the order
  // of info().outputs. Many threads at once. Throws Error{kInput} for values that the model cannot
  // take (its text goes to the client), any other Error for what is not the client's fault.
  virtual std::vector<at::Tensor> infer(const std::vector<at::Tensor>& inputs) const = 0;

  // Called once on every thread that will call infer(), before the server is ready.
  virtual void warm_up() const {}
};

// The Open Inference Protocol's name of a dtype ("FP32", "INT64", "BOOL"); "" where it has none.
std::string_view oip_datatype(at::ScalarType dtype);

// Letters, digits, '.', '_' and '-', the first a letter or digit, at most 128 bytes: needs no
// escaping in paths, logs and JSON.
bool is_model_name(std::string_view text);

}  // namespace maas
