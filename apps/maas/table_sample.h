// Enough of a table to see what it holds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "sample/written_form.h"  // guesses of the form, for those who take a sample

namespace maas {

class ByteStream;

// CSV text: the header and whole rows.
struct TableSample {
  std::string text;
  // Of a file of more than 16 MiB it is a part: rows from its start and, where it can be read from
  // anywhere (it is not gzipped), from fifteen places spread over it.
  bool is_part = false;
  double share = 1;  // of the file's bytes that the text is, guessed of a gzipped one
  int unread = 0;    // of these places, in which no rows like the first one were to be seen
};

// Throws as read_file() does, and Error{kInput} for a damaged gzip stream.
TableSample sample_table(const std::filesystem::path& path);

// Whole lines from the start of what `stream`, of which nothing is read yet, holds: of the file
// `path` up to 4 MiB, read beside it; the first line of what can be read once alone, "-" or a pipe.
std::string start_of_table(const std::string& path, ByteStream& stream);

}  // namespace maas
