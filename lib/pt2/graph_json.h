// The models/model.json record: a Program as torch.export's schema spells it.
#pragma once

#include <string>

#include "base/json_writer.h"
#include "program/program.h"

namespace maas {

std::string exported_program_json(const Program& program);

// TensorMeta of a weight as it is stored: contiguous, offset 0.
void write_tensor_meta(JsonWriter& json, const at::Tensor& tensor, bool requires_grad);

}  // namespace maas
