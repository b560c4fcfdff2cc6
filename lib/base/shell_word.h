// Words of a command that is printed to be typed.
#pragma once

#include <string>
#include <vector>

namespace maas {

// In single quotes, as POSIX shells read them.
std::string shell_quoted(const std::string& text);

// As it is where a shell takes it so, else shell_quoted().
std::string shell_word(const std::string& text);

// Each of the words, with spaces between them.
std::string shell_words(const std::vector<std::string>& words);

}  // namespace maas
