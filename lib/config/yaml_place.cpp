#include "config/yaml_place.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/utf8.h"

namespace maas {
namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// The byte at or before `at` where a character begins.
size_t character_start(const std::string& text, size_t at) {
  at = std::min(at, text.size());
  while (at > 0 && at < text.size() && is_continuation(text[at])) --at;
  return at;
}

}  // namespace

std::string YamlPlace::where() const {
  if (source->is_override || line == 0) return source->name;
  return fmt::format("{}:{}:{}", source->name, line, column);
}

std::string YamlPlace::excerpt() const {
  const auto index = static_cast<size_t>(line - 1);
  if (source->is_override || line < 1 || index >= source->lines.size()) return "";
  const std::string& whole = source->lines[index];
  constexpr size_t kWidest = 100;
  const size_t caret = std::min(static_cast<size_t>(std::max(column - 1, 0)), whole.size());
  size_t begin = 0, end = whole.size();
  if (whole.size() > kWidest) {
    begin = character_start(whole, caret > kWidest / 2 ? caret - kWidest / 2 : 0);
    end = character_start(whole, begin + kWidest);
  }
  std::string shown;
  size_t blanks = 0;  // one a character, not a byte, so that the caret is right behind accents, too
  for (size_t i = begin; i < end;) {
    const size_t length = utf8_length(whole, i);
    const bool is_control = static_cast<unsigned char>(whole[i]) < 0x20 || whole[i] == 0x7F;
    if (is_control) {
      shown += ' ';
    } else {  // bytes that are no text become the character for that
      shown += length > 0 ? whole.substr(i, length) : "\xEF\xBF\xBD";
    }
    if (i < caret) ++blanks;
    i += std::max<size_t>(length, 1);
  }
  return fmt::format("  {}\n  {:>{}}", shown, '^', blanks + 1);
}

bool YamlPlace::operator<(const YamlPlace& other) const {
  const auto key = [](const YamlPlace& place) {
    const YamlSource& from = *place.source;
    return std::tuple(from.is_override, from.is_override ? from.precedence : -from.precedence,
                      place.line, place.column);
  };
  return key(*this) < key(other);
}

}  // namespace maas
