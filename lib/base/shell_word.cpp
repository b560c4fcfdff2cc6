#include "base/shell_word.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace maas {

std::string shell_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

std::string shell_word(const std::string& text) {
  constexpr std::string_view kPlain = "_-./=:,+@%";
  const bool is_plain = !text.empty() && std::ranges::all_of(text, [&](unsigned char c) {
    return std::isalnum(c) != 0 || c >= 0x80 ||
           kPlain.find(static_cast<char>(c)) != std::string_view::npos;
  });
  return is_plain ? text : shell_quoted(text);
}

std::string shell_words(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + shell_word(word);
  return line;
}

}  // namespace maas
