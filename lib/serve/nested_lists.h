// Tensors as lists in lists, whose nesting is their shape.
#pragma once

#include <ATen/core/Tensor.h>
#include <simdjson.h>

#include <optional>
#include <string>
#include <vector>

#include "base/json_writer.h"
#include "serve/session.h"

namespace maas {

// Sizes along the first element of every level; of a number []. At most kMaxTensorRank + 1 sizes.
std::vector<int64_t> nested_shape(simdjson::dom::element value);

// The input's dtype and the lists' own shape, which the input's must allow. Throws Error{kInput}
// naming the input, with both shapes, or the value that does not fit (json_tensor.h).
at::Tensor tensor_from_lists(simdjson::dom::element value, const TensorInfo& info);

// All inputs of a model: {name: lists}, or for one input the lists alone. Nothing where it is
// neither; throws for a name that the model does not have beside those that it has.
std::optional<std::vector<at::Tensor>> tensors_from_lists(simdjson::dom::element root,
                                                          const SessionInfo& info);

// The elements of a list of at least one row, at most 2^20.
std::vector<simdjson::dom::element> rows_of(simdjson::dom::element list, const std::string& where);

// {name: value} a row, or the values alone where there is one input: [[1, 2], [3, 4]]. All rows
// have the shape of the first. Not empty. `where` names the list for messages ("instances").
std::vector<at::Tensor> tensors_from_rows(const std::vector<simdjson::dom::element>& rows,
                                          const SessionInfo& info, const std::string& where);

// The values of a CPU tensor as such lists, of one without dimensions the value alone; NaN and
// infinities become null.
void write_lists(JsonWriter& json, const at::Tensor& tensor);

// "a, b"
std::string names_of(const std::vector<TensorInfo>& tensors);

}  // namespace maas
