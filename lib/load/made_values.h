// Values for the inputs of a model that nobody gave.
#pragma once

#include <cstdint>
#include <string>

#include "load/model_requests.h"

namespace maas {

// All of an input's values as JSON: flat, or nested as its shape says. Throws Error{kUsage} for a
// datatype whose values nobody can make up (BYTES).
std::string made_json(const ModelInput& input, uint64_t seed, bool nested);
// Row `row` of its first dimension, nested.
std::string made_row_json(const ModelInput& input, uint64_t seed, int64_t row);
// All of them as bytes, little-endian.
std::string made_bytes(const ModelInput& input, uint64_t seed);

}  // namespace maas
