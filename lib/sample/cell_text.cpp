#include "sample/cell_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/throw_error.h"
#include "base/utf8.h"

namespace maas {
namespace {

// Spaces, also those that do not break (U+00A0, U+202F), as they stand in numbers.
constexpr std::array<std::string_view, 4> kBlanks = {" ", "\t", "\xc2\xa0", "\xe2\x80\xaf"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Begins and ends as plain numbers do, and as no blank, sign or usual spelling of "missing" does:
// most cells of large tables are such, and need no look at the others.
bool looks_plain(std::string_view cell) {
  if (cell.empty() || !is_digit(cell.back())) return false;
  return is_digit(cell[0]) || (cell[0] == '-' && cell.size() > 1 && is_digit(cell[1]));
}

bool is_visible(char c) { return c > ' ' && static_cast<unsigned char>(c) < 0x80; }

std::string_view without_blanks(std::string_view text) {
  if (!text.empty() && is_visible(text.front()) && is_visible(text.back())) return text;
  for (bool any = true; any;) {
    any = false;
    for (const std::string_view blank : kBlanks) {
      if (text.starts_with(blank)) text.remove_prefix(blank.size()), any = true;
      if (text.ends_with(blank)) text.remove_suffix(blank.size()), any = true;
    }
  }
  return text;
}

bool is_among(std::string_view cell, const std::vector<std::string>& spellings) {
  return !spellings.empty() &&
         std::find(spellings.begin(), spellings.end(), cell) != spellings.end();
}

// Of currencies, and percent. A sign that begins with another one comes first.
constexpr std::array<std::string_view, 17> kSigns = {
    "US$",     "$", "\u20ac", "\u00a3", "\u00a5", "\u20b9", "\u20bd", "\u20a9", "\u20ba",
    "z\u0142", "%", "EUR",    "USD",    "GBP",    "CHF",    "JPY",    "CAD"};

// "-$ 5" -> "-", "$", "5".
struct SignedNumber {
  std::string_view minus, sign, number;
};

SignedNumber signed_number(std::string_view cell) {
  std::string_view rest = without_blanks(cell), minus;
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) {
    minus = rest.substr(0, 1);
    rest = without_blanks(rest.substr(1));
  }
  const bool is_number = !rest.empty() && (is_digit(rest[0]) || rest[0] == '.' || rest[0] == ',');
  for (const std::string_view sign : kSigns) {
    if (is_number ? !rest.ends_with(sign) : !rest.starts_with(sign)) continue;
    const std::string_view number = without_blanks(
        is_number ? rest.substr(0, rest.size() - sign.size()) : rest.substr(sign.size()));
    const bool fits = !number.empty() && (is_digit(number[0]) || number[0] == '.' ||
                                          number[0] == ',' || (minus.empty() && number[0] == '-'));
    if (fits) return {minus, sign, number};
  }
  return {minus, {}, rest};
}

// "1,234,567.8" -> "1234567.8"; nothing where a group has not three digits.
std::optional<std::string> without_groups(std::string_view cell, const TableFormat& format) {
  if (format.thousands.empty()) return std::string(cell);
  const size_t point = std::min(cell.find(format.decimal), cell.size());
  std::string plain;
  size_t since = 0;  // digits since the last separator
  bool grouped = false;
  for (size_t i = 0; i < point; ++i) {
    if (cell[i] != format.thousands[0]) {
      plain += cell[i];
      if (is_digit(cell[i])) ++since;
      continue;
    }
    if (grouped ? since != 3 : since < 1 || since > 3) return std::nullopt;
    grouped = true;
    since = 0;
  }
  if (grouped && since != 3) return std::nullopt;
  return plain.append(cell.substr(point));
}

// The characters of windows-1252 from 0x80 to 0x9f; 0 = none.
constexpr std::array<uint16_t, 32> kWindows1252 = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};

void append_utf8(std::string& to, uint32_t code) {
  if (code < 0x80) {
    to += static_cast<char>(code);
  } else if (code < 0x800) {
    to += static_cast<char>(0xc0 | (code >> 6));
    to += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    to += static_cast<char>(0xe0 | (code >> 12));
    to += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
    to += static_cast<char>(0x80 | (code & 0x3f));
  }
}

std::string from_one_byte(const std::string& text, const TableFormat& format,
                          const std::string& name, uint64_t first_byte) {
  const bool windows = format.encoding == "windows-1252";
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    uint32_t code = byte;
    if (windows && byte >= 0x80 && byte < 0xa0) code = kWindows1252[byte - 0x80];
    if (code == 0 && byte != 0) {
      throw_input(name,
                  fmt::format("the byte 0x{:02x} at byte {} is no character of {}", byte,
                              first_byte + i, format.encoding),
                  "text in that encoding", "check data.encoding");
    }
    append_utf8(out, code);
  }
  return out;
}

}  // namespace

bool is_missing(std::string_view cell) {
  static constexpr std::array<std::string_view, 8> kMissing = {"",    "?",   "NA",   "N/A",
                                                               "NaN", "nan", "null", "NULL"};
  return std::find(kMissing.begin(), kMissing.end(), cell) != kMissing.end();
}

bool is_missing(std::string_view cell, const TableFormat& format) {
  return (!looks_plain(cell) && is_missing(cell)) || is_among(cell, format.missing_values);
}

bool is_missing_number(std::string_view cell, const TableFormat& format) {
  static constexpr std::array<std::string_view, 15> kMissing = {
      "-",   "--",   "None", "none", "NONE", "<NA>", "#N/A", "n/a",
      "#NA", "-NaN", "-nan", "NAN",  "Null", "na",   "."};
  if (looks_plain(cell)) return is_among(cell, format.missing_values);
  const std::string_view text = without_blanks(cell);
  return is_missing(text, format) ||
         std::find(kMissing.begin(), kMissing.end(), text) != kMissing.end();
}

std::optional<double> parse_number(std::string_view cell) {
  if (cell.size() > 1 && cell[0] == '+' && cell[1] != '-') cell.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), number);
  if (error != std::errc() || end != cell.data() + cell.size() || !std::isfinite(number)) {
    return std::nullopt;
  }
  return number;
}

std::string_view sign_of(std::string_view cell) {
  return looks_plain(cell) ? std::string_view() : signed_number(cell).sign;
}

std::optional<double> parse_number(std::string_view cell, const TableFormat& format,
                                   std::string_view sign) {
  if (sign.empty() || looks_plain(cell)) return parse_number(cell, format);
  const SignedNumber parts = signed_number(cell);
  if (parts.sign.empty()) return parse_number(cell, format);
  if (parts.sign != sign) return std::nullopt;
  if (parts.minus.empty()) return parse_number(parts.number, format);
  return parse_number(std::string(parts.minus).append(parts.number), format);
}

std::optional<double> parse_number(std::string_view cell, const TableFormat& format) {
  cell = without_blanks(cell);
  std::string spaced;  // with plain spaces in place of those that do not break
  if (format.thousands == " " && cell.find_first_of("\xc2\xe2") != std::string_view::npos) {
    spaced = cell;
    for (const std::string_view blank : {kBlanks[2], kBlanks[3]}) {
      for (size_t at; (at = spaced.find(blank)) != std::string::npos;) {
        spaced.replace(at, blank.size(), " ");
      }
    }
    cell = spaced;
  }
  if (format.thousands.empty() && format.decimal == ".") return parse_number(cell);
  std::optional<std::string> plain = without_groups(cell, format);
  if (!plain) return std::nullopt;
  if (format.decimal != ".") {
    if (plain->find('.') != std::string::npos) return std::nullopt;
    std::replace(plain->begin(), plain->end(), format.decimal[0], '.');
  }
  return parse_number(*plain);
}

std::string category_key(std::string_view cell) {
  for (const char* flag : {"true", "false"}) {
    const bool same =
        std::equal(cell.begin(), cell.end(), flag, flag + std::string_view(flag).size(),
                   [](char a, char b) { return (a | 0x20) == b; });
    if (same) return flag;
  }
  const std::string_view digits = cell.starts_with('-') ? cell.substr(1) : cell;
  if (digits.empty() || !is_digit(digits[0])) return std::string(cell);
  if (digits.size() > 1 && digits[0] == '0' && is_digit(digits[1])) return std::string(cell);
  const auto number = parse_number(cell);
  return number ? fmt::format("{}", *number == 0 ? 0.0 : *number) : std::string(cell);
}

std::string to_utf8(std::string text, const TableFormat& format, const std::string& name,
                    uint64_t first_byte) {
  if (format.encoding != "utf-8") return from_one_byte(text, format, name, first_byte);
  const size_t fault = utf8_fault_offset(text);
  if (fault == text.size()) return text;
  throw_input(name, fmt::format("is not UTF-8 at byte {}", first_byte + fault), "text in UTF-8",
              "convert it (iconv -f latin1 -t utf-8 FILE); train and eval read Latin-1 with "
              "data.encoding=latin-1 (of Windows: windows-1252)");
}

}  // namespace maas
