// `data` of an Open Inference Protocol tensor: nested or flat JSON arrays <-> a tensor.
#pragma once

#include <ATen/core/Tensor.h>
#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json_writer.h"

namespace maas {

inline constexpr size_t kMaxTensorRank = 8;
inline constexpr int64_t kMaxTensorElements = int64_t{1} << 31;

// The product of `shape`. Throws Error{kInput} for a rank above 8, a size below 1, and more than
// 2^31 elements. `name` names the tensor in messages.
int64_t checked_element_count(const std::vector<int64_t>& shape, const std::string& name);

// A contiguous tensor of `dtype` and `shape` (checked_element_count has passed) from row-major
// values, flat or nested as `shape` says. Nothing is rounded to integers, wrapped or cut: an
// integer type takes whole numbers in its range (1.0 is one), BOOL takes true, false, 1 and 0, a
// floating type takes
// numbers in its range and rounds them to it. Memory is taken only for values that are there.
// Throws Error{kInput} naming the tensor, and the index of the value.
at::Tensor tensor_from_json(simdjson::dom::element data, at::ScalarType dtype,
                            const std::vector<int64_t>& shape, const std::string& name);

// The same from numbers that were read already, row by row. Nothing unless each of them is what
// tensor_from_json() would take, and there are as many as `shape` says.
std::optional<at::Tensor> tensor_from_numbers(const std::vector<double>& numbers,
                                              at::ScalarType dtype,
                                              const std::vector<int64_t>& shape);

// The same from one element a row, each of the shape that follows shape[0] = rows.size(); of rows
// without dimensions the value itself.
at::Tensor tensor_from_json_rows(const std::vector<simdjson::dom::element>& rows,
                                 at::ScalarType dtype, const std::vector<int64_t>& shape,
                                 const std::string& name);

struct NonFinite {
  int64_t nans = 0, infinities = 0;
};
// Of a CPU tensor of any dtype. One pass, without libtorch's operators: most tensors are small.
NonFinite count_non_finite(const at::Tensor& tensor);

// The values of a CPU tensor as one flat array; NaN and infinities become null.
void write_values(JsonWriter& json, const at::Tensor& tensor);

}  // namespace maas
