// Inputs of the datatype BYTES: what users have, instead of the model's own tensors. Of a model for
// images the encoded files, of one for tables its columns by their names.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "serve/samples/read_samples.h"
#include "serve/session.h"

namespace maas {

// One input of a request, [rows] or [rows, 1].
struct SampleInput {
  std::string name;
  std::vector<std::string_view> texts;  // of BYTES
  bool in_json = false;                 // then an image file is in base64
  at::Tensor numbers = {};              // of another datatype, [rows]
};

// The values of BYTES in binary data: each behind its length in 4 bytes, little-endian. Throws
// Error{kInput} where they are not `count` or do not end with the bytes; `where` names the input.
std::vector<std::string_view> texts_from_bytes(std::string_view bytes, int64_t count,
                                               const std::string& where);

// Numbers are for columns of tables; those that are no numbers are missing values. Throws
// Error{kInput}: inputs that are no column's, columns of different lengths, text that is not UTF-8,
// and what read_samples() does.
ReadSamples samples_of_inputs(const std::vector<SampleInput>& inputs, const SessionInfo& info);

}  // namespace maas
