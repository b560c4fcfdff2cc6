// Scalars of a config: text -> value, and back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "config/fields.h"

namespace maas {

// Decimal only: no octal ("010"), hex, underscores, NaN, infinities or trailing text. An integer
// may have the suffix k or M.
std::optional<int64_t> parse_integer(const std::string& text);
std::optional<double> parse_number(const std::string& text);
std::optional<bool> parse_flag(const std::string& text);  // true | false
std::optional<Quantity> parse_quantity(const std::string& text);

// What to do about a text that looks like a number or flag to people, or to other YAML readers, but
// is none here: "remove the leading zero", "write true"; "" when nothing is known.
std::string number_trap(const std::string& text);
std::string flag_trap(const std::string& text);

std::string number_text(double number);            // reads back the same; no exponent below 1e15
std::string yaml_scalar(const std::string& text);  // quoted when it must be

}  // namespace maas
