// Whether tensors are what a model's inputs are said to be. All throw Error{kInput}, for the
// client.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "serve/session.h"

namespace maas {

// `max_batch`: the most that a free first size may be; 0 = any.
void check_input_shape(const std::vector<int64_t>& shape, const TensorInfo& info,
                       int64_t max_batch);

// What the model's integer inputs may be (TensorInfo::values). `tensor` has the input's dtype.
void check_input_values(const at::Tensor& tensor, const TensorInfo& info);

// Both, of every input, in the order of info.inputs.
void check_inputs(const std::vector<at::Tensor>& inputs, const SessionInfo& info,
                  int64_t max_batch);

}  // namespace maas
