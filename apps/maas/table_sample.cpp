#include "table_sample.h"

#include <algorithm>
#include <fstream>

#include "base/error.h"
#include "data/byte_stream.h"
#include "sample/csv_reader.h"
#include "sample/written_form.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

constexpr size_t kWhole = size_t{16} << 20;  // files up to this are read whole
constexpr size_t kStart = size_t{8} << 20;
constexpr size_t kPlace = size_t{512} << 10;
constexpr int kPlaces = 15;

std::string read_up_to(ByteStream& stream, size_t most) {
  std::string text(most, '\0');
  size_t size = 0;
  while (size < most) {
    const size_t more = stream.read(text.data() + size, most - size);
    if (more == 0) break;
    size += more;
  }
  text.resize(size);
  return text;
}

// Where rows end: behind each end of a line that lies in no quoted cell, first and last of them;
// npos and 0 where there is none. `quoted`: the text begins within such a cell.
std::pair<size_t, size_t> row_ends(const std::string& text, bool quoted) {
  size_t first = std::string::npos, last = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;  // a doubled quote: twice
    if (text[i] != '\n' || quoted) continue;
    last = i + 1;
    if (first == std::string::npos) first = last;
  }
  return {first, last};
}

// Without the row that is cut at the end. A quote that opens no cell, an inch mark say, makes all
// that follows look quoted: then without the line that is cut.
void end_at_row(std::string& text) {
  const size_t end = row_ends(text, false).second;
  const size_t line = text.rfind('\n') + 1;  // npos + 1 = 0
  text.resize(end > text.size() / 2 || line == 0 ? end : line);
}

// Whether the text is rows of that many cells.
bool holds_rows(const std::string& text, char delimiter, int64_t columns) {
  try {
    const CsvTable table = parse_csv(text, "", delimiter, {.byte = 1, .columns = columns});
    return table.rows() > 0;
  } catch (const Error&) {
    return false;
  }
}

// The bytes of a place, whose first line is cut.
std::string read_place(std::ifstream& file, uint64_t offset) {
  std::string text(kPlace, '\0');
  file.clear();
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  return text;
}

// "" where no rows of that many cells are to be seen.
std::string rows_of(const std::string& place, char delimiter, int64_t columns) {
  for (const bool quoted : {false, true}) {
    const auto [start, end] = row_ends(place, quoted);
    if (start >= end) continue;
    std::string rows = place.substr(start, end - start);
    if (holds_rows(rows, delimiter, columns)) return rows;
  }
  return "";
}

}  // namespace

TableSample sample_table(const fs::path& path) {
  ByteStream stream(path.string());
  TableSample sample{.text = read_up_to(stream, kWhole + 1)};
  if (sample.text.size() <= kWhole) return sample;
  sample.is_part = true;
  const auto read = static_cast<double>(stream.read_bytes());
  const bool is_plain = read >= static_cast<double>(sample.text.size());
  if (is_plain) sample.text.resize(kStart);
  end_at_row(sample.text);
  const auto size = static_cast<double>(stream.size_bytes());
  if (!is_plain) {
    sample.share = std::min(1.0, read / std::max(size, read));
    return sample;
  }
  const char delimiter = guess_delimiter(sample.text);
  const CsvTable first =
      parse_csv(sample.text.substr(0, sample.text.find('\n') + 1), path.string(), delimiter);
  std::ifstream file(path, std::ios::binary);
  const uint64_t left = stream.size_bytes() - kStart;
  for (int i = 0; i < kPlaces; ++i) {
    const uint64_t at = kStart + left * static_cast<uint64_t>(i) / kPlaces;
    const std::string rows = rows_of(read_place(file, at), delimiter, first.columns());
    sample.text += rows;
    sample.unread += rows.empty() ? 1 : 0;
  }
  sample.share = static_cast<double>(sample.text.size()) / size;
  return sample;
}

std::string start_of_table(const std::string& path, ByteStream& stream) {
  constexpr size_t kMostHeader = size_t{1} << 16, kMostStart = size_t{4} << 20;
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return stream.first_line(kMostHeader);
  ByteStream again(path);
  std::string text = read_up_to(again, kMostStart);
  if (text.size() == kMostStart) text.resize(text.rfind('\n') + 1);
  return text;
}

}  // namespace maas
