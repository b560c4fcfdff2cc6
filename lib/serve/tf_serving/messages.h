// TensorFlow Serving's REST v1 in JSON: requests and answers (api_rest.md).
//
// Differences: NaN and infinities are null, as JSON has none; there is one signature,
// "serving_default"; an image is sent in base64, as pixels, or as the input's own tensor.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>
#include <vector>

#include "serve/session.h"

namespace maas {

struct PredictRequest {
  std::vector<at::Tensor> inputs;  // in the order of SessionInfo::inputs
  std::vector<std::string> warnings;
  bool columns = false;  // asked by "inputs", to be answered by "outputs"
};

// Bodies have readable memory of at least 64 bytes behind them. Both throw Error{kInput}, for the
// client.

// {"instances": [...]}, one element a row: for models that say how their data look a sample
// (samples/read_samples.h), or {input: value} of the model's own tensors, or the value alone where
// there is one input. {"inputs": {...}}: whole inputs by name, or columns of a table.
PredictRequest parse_predict(std::string_view body, const SessionInfo& info);

// {"examples": [{feature: value}, ...], "context": {feature: value}}: rows of a table, the
// context's features being those of every row. Of an image model each example has one feature.
PredictRequest parse_examples(std::string_view body, const SessionInfo& info);

// {"predictions": [...]}: a value a row, or {output: value} where there are several outputs;
// {"outputs": ...}: whole outputs, alike.
std::string predict_answer(const SessionInfo& info, const PredictRequest& request,
                           const std::vector<at::Tensor>& outputs);
// {"results": [[[label, probability], ...], ...]}, highest first; null for a row without answer.
// Throws Error{kInput} for a model that does not classify; the next likewise for one that does not
// give one number a row.
std::string classify_answer(const SessionInfo& info, const std::vector<at::Tensor>& outputs);
// {"results": [number, ...]}
std::string regress_answer(const SessionInfo& info, const std::vector<at::Tensor>& outputs);

// One version of a model; `failure`: why it cannot be asked, "" = it can.
struct VersionStatus {
  std::string version, failure;
};
std::string model_status(const std::vector<VersionStatus>& versions);
std::string signature_metadata(const SessionInfo& info);

}  // namespace maas
