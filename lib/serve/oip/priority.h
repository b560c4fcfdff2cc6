// The priority of a request, seen before its body is read.
#pragma once

#include <cstdint>
#include <string_view>

namespace maas {

// `"priority": N` of the outermost member "parameters" of a JSON text that need not be well-formed;
// 0 where it is not found, or is none from 1 to 2^53 in digits alone. One pass, nothing is kept.
int64_t peek_priority(std::string_view json);

}  // namespace maas
