// Samples in JSON that is parsed already -> the inputs that a model takes.
#pragma once

#include <ATen/core/Tensor.h>
#include <simdjson.h>

#include <string>
#include <vector>

#include "sample/spec.h"

namespace maas {

// As decode_json() (raw_input.h) of the text that `root` was parsed from. Refuses an object that
// holds a key twice.
std::vector<at::Tensor> decode_json(simdjson::dom::element root, const std::string& name,
                                    const InputSpec& spec,
                                    std::vector<std::string>* warnings = nullptr);

// Whether the lists are those of one image of that size rather than of several.
bool is_one_image(simdjson::dom::element root, const InputSpec& spec);

}  // namespace maas
