// Element types as the schema numbers them
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace maas {

// Throws Error{kInput} at `place` that names the type ("float8_e4m3fn"), where it is one that maas
// does not have.
at::ScalarType read_element_type(int64_t number, const std::string& place);

}  // namespace maas
