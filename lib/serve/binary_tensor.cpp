#include "serve/binary_tensor.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/throw_error.h"
#include "serve/session.h"

namespace maas {

at::Tensor tensor_from_bytes(std::string_view bytes, at::ScalarType dtype,
                             const std::vector<int64_t>& shape, const std::string& name) {
  const size_t element = c10::elementSize(dtype);
  size_t wanted = element;
  for (const int64_t size : shape) wanted *= static_cast<size_t>(size);
  const std::string where = "input '" + name + "'";
  if (bytes.size() != wanted) {
    throw_input(
        where, fmt::format("has {} bytes of binary data", bytes.size()),
        fmt::format("{}, as {} [{}] takes", wanted, oip_datatype(dtype), fmt::join(shape, ", ")));
  }
  if (dtype == at::kBool) {
    const auto bad =
        std::find_if(bytes.begin(), bytes.end(), [](char byte) { return byte != 0 && byte != 1; });
    if (bad != bytes.end()) {
      throw_input(where,
                  fmt::format("byte {} is {}", bad - bytes.begin(),
                              static_cast<int>(static_cast<unsigned char>(*bad))),
                  "0 or 1 for a BOOL");
    }
  }
  if (reinterpret_cast<uintptr_t>(bytes.data()) % element == 0) {
    // Nothing writes into the inputs of a model.
    return at::from_blob(const_cast<char*>(bytes.data()), shape, at::TensorOptions().dtype(dtype));
  }
  at::Tensor copy = at::empty(shape, dtype);
  std::memcpy(copy.mutable_data_ptr(), bytes.data(), bytes.size());
  return copy;
}

size_t append_bytes(std::string& out, const at::Tensor& tensor) {
  const at::Tensor values = tensor.contiguous();
  out.append(static_cast<const char*>(values.const_data_ptr()), values.nbytes());
  return values.nbytes();
}

}  // namespace maas
