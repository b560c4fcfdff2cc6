// Bytes in text: base64 (RFC 4648, section 4), with padding.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace maas {

std::string to_base64(std::string_view bytes);

// Of the alphabet with + and / or that with - and _ (section 5), padded or not. Nothing where it is
// not base64: other characters, line ends too, an impossible length, bits that stand for nothing.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace maas
