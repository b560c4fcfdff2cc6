// `maas predict` for a model that does not say how files become inputs: raw tensors as JSON.
#pragma once

#include <string>
#include <vector>

#include "model/model.h"
#include "output.h"

namespace maas {

// Each of `inputs` is a file, or "-" for stdin, of JSON documents one after another (one a line, or
// spread over lines). A document is a request of the Open Inference Protocol, {"inputs": [{"name",
// "shape", "datatype", "data"}]}; or {name: nested lists}; or, for a model with one input, the
// nested lists alone. Prints one JSON object a document: {"input": "FILE:LINE", "outputs":
// [{"name", "datatype", "shape", "data"}]}. Throws Error{kInput} naming file, line and tensor, with
// both shapes, for what the model does not take.
void predict_tensors(const Model& model, const std::string& model_path,
                     const std::vector<std::string>& inputs, const Output& output);

// The inputs in the first document of a file of that form, in the order of the model's inputs.
std::vector<at::Tensor> read_tensors(const Model& model, const std::string& model_path,
                                     const std::string& path);

}  // namespace maas
