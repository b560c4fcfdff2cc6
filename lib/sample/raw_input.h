// What users have (files, CSV text, JSON) -> the inputs that a model takes; for predict and serve.
//
// Every function returns the model's inputs in order, all [B, ...] (dataset.h), B >= 1. `name` is
// what messages call the input. All throw Error{kInput} for input that does not fit `spec`; sizes
// are checked before anything is allocated. Safe from many threads. Of tables, `warnings` (may be
// null) gets a line for each column that has categories which training did not have.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>
#include <vector>

#include "sample/spec.h"

namespace maas {

// As decode_pixels (image_codec.h) of any format of image_format.h, told by content, turned
// upright, at most 64 megapixels. Colour is converted to grey or grey to colour as spec.channels
// says (1 or 3). Another size than the spec's is resized when spec.resize_to_fit (shorter side,
// antialiased, then centre crop), else an error.
std::vector<at::Tensor> decode_image(std::string_view bytes, const std::string& name,
                                     const InputSpec& spec);
std::vector<at::Tensor> decode_image_file(const std::string& path, const InputSpec& spec);

// RFC 4180 rows, read as spec.format says. With a header (the first row holds every column's name)
// columns are found by name and others are ignored; without one the column count must equal the
// spec's. A first row that is no row of values is a header with a wrong name: an error.
std::vector<at::Tensor> decode_csv(std::string_view text, const std::string& name,
                                   const InputSpec& spec,
                                   std::vector<std::string>* warnings = nullptr);

// One text, as spec.format's encoding has it, for a model whose only column is text. Throws also
// where the model has other columns, or the text is blank.
std::vector<at::Tensor> decode_text(std::string text, const std::string& name,
                                    const InputSpec& spec,
                                    std::vector<std::string>* warnings = nullptr);
// A text a line, of which the first is called `first_line`; blank lines at the end are none.
std::vector<at::Tensor> decode_text_lines(std::string text, const std::string& name,
                                          const InputSpec& spec, int64_t first_line,
                                          std::vector<std::string>* warnings);

// Images: an array of pixel values 0..255, flat [C*H*W] or nested [H][W] (one channel) or
// [C][H][W], or an array of such. Tables: {column: value}, an array of values in column order, or
// an array of either; null is a missing value; so is an
// absent column where the model takes these, which `warnings` tells. Numbers are JSON's; those in
// strings are written as spec.format says.
std::vector<at::Tensor> decode_json(std::string_view text, const std::string& name,
                                    const InputSpec& spec,
                                    std::vector<std::string>* warnings = nullptr);

}  // namespace maas
