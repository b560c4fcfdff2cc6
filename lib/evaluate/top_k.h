// The metric names top_1, top_2, ...
#pragma once

#include <cstdint>
#include <string>

namespace maas {

// 5 for "top_5"; 0 when the name is not of that form.
int64_t top_k_of(const std::string& name);

}  // namespace maas
