// Pictures inside a page.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace maas {

// PNG bytes of uint8 [C, H, W] with C = 1 (grey) or 3 (RGB). Throws Error{kInternal} for others.
std::string png_bytes(const at::Tensor& image);

// "data:image/png;base64,..." of an image shrunk so that its longer side has at most `most_side`
// pixels. More than three channels are shown by their first three, two by the first.
std::string image_uri(const at::Tensor& image, int64_t most_side);

}  // namespace maas
