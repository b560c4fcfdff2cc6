// What one cell of a table says: missing, a number, a category.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sample/spec.h"

namespace maas {

// "", "?", "NA", "N/A", "NaN", "nan", "null", "NULL": missing in any column.
bool is_missing(std::string_view cell);
// These and format.missing_values.
bool is_missing(std::string_view cell, const TableFormat& format);
// Among numbers also what could be a category elsewhere: "-", "None", "<NA>", "#N/A", "n/a", "NAN",
// "none", "Null" and the like.
bool is_missing_number(std::string_view cell, const TableFormat& format);

// A finite decimal number, the whole cell; independent of the locale.
std::optional<double> parse_number(std::string_view cell);
// The same with the format's decimal sign and thousands separator; spaces around it are left out.
// Digits must be grouped by threes: "1,23" is no number where "," groups thousands. Where spaces
// group them, those that do not break do, too.
std::optional<double> parse_number(std::string_view cell, const TableFormat& format);
// The same of a cell that may have `sign` as sign_of() gives it before or after the number. The
// number is the one that is written: 12 of "12 %".
std::optional<double> parse_number(std::string_view cell, const TableFormat& format,
                                   std::string_view sign);

// The sign of a currency or of percent in a cell that else looks like a number: "$" of
// "-$1,234.50",
// "%" of "12 %", "EUR" of "12.50 EUR"; "" where there is none.
std::string_view sign_of(std::string_view cell);

// What category cells have in common that mean the same value in another spelling: "true" of "True"
// and "TRUE", "1" of "1.0" and "1e0". The cell itself for any other text, and for digits behind a
// leading zero ("01"), which are a code.
std::string category_key(std::string_view cell);

// Text in UTF-8 from the encoding of the format. Throws Error{kInput} naming the byte that is no
// UTF-8, counted from `first_byte` on, and the settings that read it.
std::string to_utf8(std::string text, const TableFormat& format, const std::string& name,
                    uint64_t first_byte = 0);

}  // namespace maas
