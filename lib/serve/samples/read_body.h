// A request's body, of any type that people send -> samples.
#pragma once

#include <string_view>

#include "serve/samples/read_samples.h"

namespace maas {

// Of a type that read_body() knows: JSON, CSV, image/*, multipart/form-data; none, or what curl
// says of any file: application/octet-stream, application/x-www-form-urlencoded; text/plain for a
// model whose only column is text.
bool is_body_type(std::string_view content_type, const SessionInfo& info);

// The samples in a body. Images, and without a type that says otherwise whatever looks like one;
// JSON: read_samples(), also as {"instances": [...]}; CSV; for a model whose only column is text
// any other bytes are one. A form has one such part of any name, or several image files, or for a
// table model a field for each column. `body` has readable memory of at least 64 bytes behind it.
// Throws Error{kInput}, for the client.
ReadSamples read_body(std::string_view body, std::string_view content_type,
                      const SessionInfo& info);

}  // namespace maas
