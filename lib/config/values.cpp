#include "config/values.h"

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
  size_t end = 0;
  while (end < text.size() &&
         (is_digit(text[end]) || text[end] == '.' || text[end] == '-' || text[end] == '+' ||
          ((text[end] == 'e' || text[end] == 'E') && end + 1 < text.size() &&
           (is_digit(text[end + 1]) || text[end + 1] == '-')))) {
    ++end;
  }
  const auto number = parse_number(text.substr(0, end));
  if (!number) return std::nullopt;
  Quantity quantity{*number, ""};
  std::string rest = text.substr(end);
  if (!rest.empty() && suffix_factor(rest.substr(0, 1)) > 0) {
    quantity.value *= suffix_factor(rest.substr(0, 1));
    rest = rest.substr(1);
  }
  const size_t word = rest.find_first_not_of(' ');
  rest = word == rest.npos ? "" : rest.substr(word);
  if (rest.empty()) return quantity;
  if (rest == "s" || rest == "m" || rest == "h") {
    quantity.value *= rest == "s" ? 1 : rest == "m" ? 60 : 3600;
    quantity.unit = "s";
    return quantity;
  }
  quantity.unit = unit_of(rest);
  return quantity.unit.empty() ? std::nullopt : std::optional(quantity);
}

std::string number_text(double number) {
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), number).ptr;
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
  bool plain = !text.empty() && text != "~" && text != "null" && text != "true" &&
               text != "false" && !parse_quantity(text) && text.front() != ' ' &&
               text.back() != ' ' && text.front() != '-' && text.front() != '.';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool word = std::isalnum(byte) != 0 || c == '_' || c == '-' || c == '.' || c == '/' ||
                      c == ' ' || byte >= 0x80;
    plain = plain && word;
  }
  if (plain) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (c == '\n')
      quoted += "\\n";
    else if (c == '\t')
      quoted += "\\t";
    else
      quoted += c;
  }
  return quoted + "\"";
}

}  // namespace maas
