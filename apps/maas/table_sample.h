// Enough of a table to see what it holds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace maas {

// CSV text: the header and whole rows.
struct TableSample {
  std::string text;
  // Of a file of more than 16 MiB it is a part: rows from its start and, where it can be read from
  // anywhere (it is not gzipped), from fifteen places spread over it.
  bool is_part = false;
  double share = 1;  // of the file's bytes that the text is, guessed of a gzipped one
  int unread = 0;    // of these places, in which no rows like the first one were to be seen
};

// The one that stands most often in the first line.
char guess_delimiter(std::string_view text);

// "" for UTF-8; else the encoding that such files of one byte a letter most often have. `name` is
// for messages.
std::string guess_encoding(const std::string& text, const std::string& name);

// Throws as read_file() does, and Error{kInput} for a damaged gzip stream.
TableSample sample_table(const std::filesystem::path& path);

}  // namespace maas
