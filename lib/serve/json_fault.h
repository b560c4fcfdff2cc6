// Where a text stops being JSON: the parser in use says only that it does.
#pragma once

#include <cstddef>
#include <string_view>

namespace maas {

// Offset of the first byte that RFC 8259 does not allow (text.size() when it ends too early), with
// at most `max_depth` open arrays and objects. A text without fault gives text.size(). Strings are
// checked for control characters and escapes, not for UTF-8. Linear time, no recursion.
size_t json_fault_offset(std::string_view text, size_t max_depth = 64);

}  // namespace maas
