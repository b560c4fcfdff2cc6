#include "base/shown_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"

namespace maas {
namespace {

// `length` bytes at `i`; 0 = no character.
bool is_control(std::string_view text, size_t i, size_t length) {
  const auto byte = static_cast<unsigned char>(text[i]);
  const bool is_c1 = length == 2 && byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0;
  return length == 0 || byte < 0x20 || byte == 0x7F || is_c1;
}

void append_shown(std::string_view text, size_t i, size_t length, std::string& to) {
  if (!is_control(text, i, length)) {
    to += text.substr(i, length);
    return;
  }
  for (const char byte : text.substr(i, std::max<size_t>(length, 1))) {
    to += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
  }
}

}  // namespace

std::string shown_text(std::string_view text, size_t most) {
  std::string shown;
  size_t end = text.size();
  if (end > most) {
    for (end = most; end > 0 && (static_cast<unsigned char>(text[end]) >> 6) == 2;) --end;
  }
  for (size_t i = 0; i < end;) {
    const size_t length = utf8_length(text, i);
    if (text[i] == '\n') {
      shown += "\\n";
    } else {
      append_shown(text, i, length, shown);
    }
    i += std::max<size_t>(length, 1);
  }
  return end < text.size() ? shown + "..." : shown;
}

std::string terminal_text(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const size_t length = utf8_length(text, i);
    if (text[i] == '\n' || text[i] == '\t') {
      shown += text[i];
    } else {
      append_shown(text, i, length, shown);
    }
    i += std::max<size_t>(length, 1);
  }
  return shown;
}

}  // namespace maas
