// A CSV file read in pieces, so that memory does not grow with it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "sample/csv_reader.h"
#include "sample/spec.h"

namespace maas {

// Finds where rows end in text that comes in parts, by the rules of parse_csv().
class RowEnds {
 public:
  explicit RowEnds(char delimiter) : delimiter_(delimiter) {}
  // `text` is what was given before, from the last cut() on, and more behind it. The end of the
  // last row that surely is whole; 0 = none is. A carriage return at the very end is not sure.
  size_t last_in(std::string_view text);
  // The next text starts where the last one had `size` bytes.
  void cut(size_t size);
  int64_t lines() const { return lines_; }  // line ends up to the last row end

 private:
  enum class State { kCellStart, kPlain, kQuoted, kQuoteInQuoted };
  bool skip_plain(std::string_view text);
  char delimiter_;
  State state_ = State::kCellStart;
  size_t seen_ = 0, end_ = 0;
  int64_t lines_ = 0, lines_seen_ = 0;
};

class CsvStream {
 public:
  // Fills at most `size` bytes; 0 = the end. What it throws passes through.
  using Read = std::function<size_t(char* to, size_t size)>;
  struct Options {
    size_t piece_bytes = size_t{1} << 20;     // of text that are parsed together
    size_t most_row_bytes = size_t{1} << 26;  // longer ones are refused
  };
  CsvStream(Read read, std::string name, TableFormat format, const Options& options);
  CsvStream(Read read, std::string name, TableFormat format)
      : CsvStream(std::move(read), std::move(name), std::move(format), Options()) {}

  // The next rows, at least one; all have as many cells as the first row of the file, of which the
  // lines are counted. nullopt = there are no more. Throws what read_csv() throws.
  std::optional<CsvTable> next();
  // Their text, to be given to read_csv() in any order, where next() has given a table before: then
  // errors are told of the columns that it has. It may hold empty lines alone.
  struct Piece {
    std::string text;
    CsvStart start;
  };
  std::optional<Piece> next_text();
  const std::string& name() const { return name_; }
  const TableFormat& format() const { return format_; }
  bool at_end() const { return ended_ && text_.empty(); }

 private:
  void fill();

  Read read_;
  std::string name_;
  TableFormat format_;
  Options options_;
  RowEnds ends_;
  std::string text_;  // read and not handed out
  CsvStart start_;
  bool ended_ = false;
};

}  // namespace maas
