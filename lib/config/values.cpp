#include "config/values.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace maas {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "-12.5e3" but not "010", "1_000", ".nan", "0x10".
bool is_decimal(const std::string& text) {
  size_t i = text.empty() || (text[0] != '-' && text[0] != '+') ? 0 : 1;
  const size_t start = i;
  while (i < text.size() && is_digit(text[i])) ++i;
  const size_t whole = i - start;
  if (whole > 1 && text[start] == '0') return false;
  size_t fraction = 0;
  if (i < text.size() && text[i] == '.') {
    ++i;
    while (i < text.size() && is_digit(text[i])) ++i, ++fraction;
  }
  if (whole + fraction == 0) return false;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    const size_t exponent = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    if (i == exponent) return false;
  }
  return i == text.size();
}

double suffix_factor(const std::string& suffix) {
  return suffix == "k" ? 1e3 : suffix == "M" ? 1e6 : 0;
}

// How much of the beginning of `text` can belong to a number.
size_t number_length(const std::string& text) {
  size_t end = 0;
  for (; end < text.size(); ++end) {
    const char c = text[end];
    const char next = end + 1 < text.size() ? text[end + 1] : ' ';
    const bool is_exponent =
        (c == 'e' || c == 'E') && (is_digit(next) || next == '-' || next == '+');
    if (!is_digit(c) && c != '.' && c != '-' && c != '+' && !is_exponent) break;
  }
  return end;
}

// A text that needs no quotes to be read back as the same text, in block and in flow style.
bool is_plain_scalar(const std::string& text) {
  for (const char* word : {"", "null", "Null", "NULL", "true", "false"}) {
    if (text == word) return false;
  }
  // Numbers are told from texts by their type, but people and other readers would take these as
  // numbers.
  if (text.empty() || parse_quantity(text) || !number_trap(text).empty()) return false;
  if (text.front() == ' ' || text.back() == ' ' || text.front() == '-' || text.front() == '.') {
    return false;
  }
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c);
    const bool is_word =
        is_letter || c == '_' || c == '-' || c == '.' || c == '/' || c == ' ' || byte >= 0x80;
    if (!is_word) return false;
  }
  return true;
}

std::string unit_of(const std::string& word) {
  if (word == "%") return "%";
  if (word == "epoch" || word == "epochs") return "epochs";
  if (word == "step" || word == "steps") return "steps";
  return "";
}

}  // namespace

std::optional<int64_t> parse_integer(const std::string& text) {
  const bool has_suffix = !text.empty() && suffix_factor(text.substr(text.size() - 1)) > 0;
  const std::string digits = has_suffix ? text.substr(0, text.size() - 1) : text;
  if (!is_decimal(digits) || digits.find_first_of(".eE") != digits.npos) return std::nullopt;
  const char* begin = digits.data() + (digits[0] == '+' ? 1 : 0);
  int64_t value = 0;
  if (std::from_chars(begin, digits.data() + digits.size(), value).ec != std::errc()) {
    return std::nullopt;
  }
  if (!has_suffix) return value;
  const auto factor = static_cast<int64_t>(suffix_factor(text.substr(text.size() - 1)));
  return __builtin_mul_overflow(value, factor, &value) ? std::nullopt : std::optional(value);
}

std::optional<double> parse_number(const std::string& text) {
  if (!is_decimal(text)) return std::nullopt;
  const char* begin = text.data() + (text[0] == '+' ? 1 : 0);
  double value = 0;
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), value);
  if (error != std::errc() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<bool> parse_flag(const std::string& text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

std::optional<Quantity> parse_quantity(const std::string& text) {
  const size_t end = number_length(text);
  const auto number = parse_number(text.substr(0, end));
  if (!number) return std::nullopt;
  Quantity quantity{*number, ""};
  std::string rest = text.substr(end);
  if (!rest.empty() && suffix_factor(rest.substr(0, 1)) > 0) {
    quantity.value *= suffix_factor(rest.substr(0, 1));
    rest = rest.substr(1);
  }
  const size_t word = rest.find_first_not_of(' ');
  if (word != rest.npos) {
    rest = rest.substr(word);
    if (rest == "ms") {
      quantity = {quantity.value / 1000, "s"};
    } else if (rest == "s" || rest == "m" || rest == "h") {
      quantity.value *= rest == "s" ? 1 : rest == "m" ? 60 : 3600;
      quantity.unit = "s";
    } else {
      quantity.unit = unit_of(rest);
      if (quantity.unit.empty()) return std::nullopt;
    }
  } else if (!rest.empty()) {
    return std::nullopt;  // blanks only
  }
  return std::isfinite(quantity.value) ? std::optional(quantity) : std::nullopt;
}

std::string number_trap(const std::string& text) {
  const size_t sign = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  const std::string bare = text.substr(sign);
  if (bare == ".nan" || bare == ".NaN" || bare == ".NAN" || bare == "nan" || bare == "NaN") {
    return "NaN is no value";
  }
  if (bare == ".inf" || bare == ".Inf" || bare == ".INF" || bare == "inf") {
    return "infinity is no value";
  }
  if (bare.empty() || !is_digit(bare[0])) return "";
  if (bare.size() > 1 && bare[0] == '0' && (bare[1] == 'x' || bare[1] == 'o' || bare[1] == 'b')) {
    return "write the number in decimal";
  }
  if (bare.size() > 1 && bare[0] == '0' && is_digit(bare[1])) return "remove the leading zero";
  if (bare.find_first_not_of("0123456789_") == bare.npos && bare.find('_') != bare.npos) {
    return "write the digits without '_'";
  }
  if (is_decimal(text) && text.find_first_of(".eE") != text.npos) {
    return "write whole numbers in digits, or as 5k or 2M";
  }
  return "";
}

std::string flag_trap(const std::string& text) {
  std::string lower = text;
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (lower == "yes" || lower == "on" || lower == "y" || lower == "true" || lower == "1") {
    return "write true";
  }
  if (lower == "no" || lower == "off" || lower == "n" || lower == "false" || lower == "0") {
    return "write false";
  }
  return "";
}

std::string number_text(double number) {
  // Large enough for the digits of any double below 1e15 and for the shortest form of the others.
  char buffer[64];
  const bool is_plain = number == std::floor(number) && std::fabs(number) < 1e15;
  const auto end =
      is_plain
          ? std::to_chars(buffer, buffer + sizeof(buffer), number, std::chars_format::fixed).ptr
          : std::to_chars(buffer, buffer + sizeof(buffer), number).ptr;
  return {buffer, end};
}

std::string to_text(const Quantity& quantity) {
  const std::string number = number_text(quantity.value);
  if (quantity.unit.empty()) return number;
  if (quantity.unit == "%" || quantity.unit == "s") return number + quantity.unit;
  const bool one = quantity.value == 1;
  return number + " " + (one ? quantity.unit.substr(0, quantity.unit.size() - 1) : quantity.unit);
}

std::string yaml_scalar(const std::string& text) {
  if (is_plain_scalar(text)) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (c == '\t') {
      quoted += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      quoted += fmt::format("\\x{:02x}", byte);
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

}  // namespace maas
