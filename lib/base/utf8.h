// What is UTF-8 and what is not (RFC 3629: no surrogates, no overlong forms).
#pragma once

#include <cstddef>
#include <string_view>

namespace maas {

// Length of the valid UTF-8 sequence at text[i], or 0. i < text.size().
size_t utf8_length(std::string_view text, size_t i);

// Offset of the first byte that is not part of a valid sequence; text.size() if there is none.
size_t utf8_fault_offset(std::string_view text);

}  // namespace maas
