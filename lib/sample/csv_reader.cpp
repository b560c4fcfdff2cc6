#include "sample/csv_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/throw_error.h"
#include "sample/cell_text.h"
#include "sample/trimmed_cell.h"

namespace maas {
class CsvParser {
 public:
  CsvParser(std::string text, const std::string& name, char delimiter, const CsvStart& start)
      : start_(start), line_(start.line) {
    table_.name_ = name;
    table_.columns_ = start.columns;
    table_.delimiter_ = delimiter;
    table_.text_ = std::make_shared<const std::string>(std::move(text));
    text_ = *table_.text_;
    for (const char end : {delimiter, '\n', '\r'})
      ends_cell_[static_cast<unsigned char>(end)] = true;
    if (start.byte == 0 && text_.starts_with("\xef\xbb\xbf")) at_ = line_start_ = 3;
  }

  CsvTable run() {
    const size_t nul = text_.find('\0');
    if (nul != std::string_view::npos) {
      throw_input(table_.name_, fmt::format("there is a NUL byte at byte {}", start_.byte + nul),
                  "CSV text",
                  "check that this is a text file in UTF-8 (of UTF-16: iconv -f UTF-16 -t UTF-8)");
    }
    while (at_ < text_.size()) {
      if (is_line_end(text_[at_])) {
        end_line();
      } else {
        read_row();
      }
    }
    return std::move(table_);
  }

  // Where the next so many cells start.
  std::vector<CsvTable::Start> starts(int64_t cells) {
    std::vector<CsvTable::Start> all;
    for (int64_t c = 0; c < cells; ++c) {
      all.push_back({line_, at_ - line_start_ + 1});
      read_cell();
      ++at_;
    }
    return all;
  }

 private:
  static bool is_line_end(char c) { return c == '\n' || c == '\r'; }
  bool at_cell_end() const {
    return at_ >= text_.size() || ends_cell_[static_cast<unsigned char>(text_[at_])];
  }
  std::string here() const { return place(line_, at_ - line_start_); }
  std::string place(int64_t line, size_t byte) const {
    return fmt::format("{}:{}:{}", table_.name_, line, byte + 1);
  }

  void end_line() {
    at_ += text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n' ? 2 : 1;
    ++line_;
    line_start_ = at_;
  }

  void read_row() {
    const size_t start = at_;
    const int64_t line = line_;
    int64_t columns = 0;
    while (true) {
      add_cell(read_cell(), start);
      ++columns;
      if (at_ >= text_.size() || is_line_end(text_[at_])) break;
      ++at_;
    }
    if (table_.columns_ == 0) {
      table_.columns_ = columns;
      start_.first_line = line;
    }
    if (table_.rows() == 0) expect_rows(start);
    if (columns != table_.columns_) {
      throw_input(
          fmt::format("{}:{}", table_.name_, line), fmt::format("{} values", columns),
          fmt::format("{}, as in the first row (line {})", table_.columns_, start_.first_line),
          "check the delimiter, and quote values that hold it");
    }
    table_.starts_.push_back(start);
    table_.lines_.push_back(line);
    if (at_ < text_.size()) end_line();
  }

  // Room for about as many rows as there are, by the lines of the first bytes: growing step by step
  // would take it twice.
  void expect_rows(size_t first_row) {
    constexpr size_t kLook = size_t{64} * 1024;
    const std::string_view begin = text_.substr(first_row, kLook);
    const auto lines = std::max(std::count(begin.begin(), begin.end(), '\n'),
                                std::count(begin.begin(), begin.end(), '\r'));
    const double left = static_cast<double>(text_.size() - first_row);
    const double rows =
        1 + 1.05 * left * static_cast<double>(lines) / static_cast<double>(begin.size());
    const double cells = rows * static_cast<double>(table_.columns_);
    // Cells have a byte and more; with many empty lines this is no guess.
    if (lines < 2 || cells > left) return;
    table_.cells_.reserve(static_cast<size_t>(cells));
    table_.starts_.reserve(static_cast<size_t>(rows));
    table_.lines_.reserve(static_cast<size_t>(rows));
  }

  void add_cell(std::string_view cell, size_t row_start) {
    const bool is_own =
        cell.empty() || (cell.data() >= text_.data() && cell.data() < text_.data() + text_.size());
    const size_t offset = !is_own ? table_.unescaped_.size() - 1
                          : cell.empty()
                              ? 0
                              : static_cast<size_t>(cell.data() - text_.data()) - row_start;
    if (offset >= UINT32_MAX || cell.size() >= UINT32_MAX) {
      throw_input(here(), "this row has 4 GiB or more", "rows of less", "check the quotes");
    }
    table_.cells_.push_back({static_cast<uint32_t>(offset),
                             is_own ? static_cast<uint32_t>(cell.size()) : CsvTable::kUnescaped});
  }

  std::string_view read_cell() {
    if (at_ < text_.size() && text_[at_] == '"') return read_quoted();
    const size_t start = at_;
    while (!at_cell_end()) ++at_;
    return trimmed_cell(text_.substr(start, at_ - start));
  }

  std::string_view read_quoted() {
    const int64_t opened_line = line_;
    const size_t opened = at_ - line_start_;
    const size_t start = ++at_;
    bool doubled = false;
    while (true) {
      if (at_ >= text_.size()) {
        throw_input(place(opened_line, opened), "this quote is never closed", "a closing quote",
                    "close or remove it");
      }
      if (text_[at_] == '\n') {
        ++line_;
        line_start_ = at_ + 1;
      }
      if (text_[at_] == '"') {
        if (at_ + 1 >= text_.size() || text_[at_ + 1] != '"') break;
        doubled = true;
        ++at_;
      }
      ++at_;
    }
    const std::string_view inside = text_.substr(start, at_++ - start);
    if (!at_cell_end()) {
      throw_input(here(), fmt::format("'{}' follows a closing quote", text_[at_]),
                  "the delimiter or the end of the line", "double the quotes within a value");
    }
    return doubled ? unescape(inside) : inside;
  }

  std::string_view unescape(std::string_view inside) {
    std::string plain;
    plain.reserve(inside.size());
    for (size_t i = 0; i < inside.size(); ++i) {
      plain += inside[i];
      if (inside[i] == '"') ++i;
    }
    return table_.unescaped_.emplace_back(std::move(plain));
  }

  friend class CsvTable;
  CsvTable table_;
  CsvStart start_;
  std::string_view text_;
  std::array<bool, 256> ends_cell_{};
  size_t at_ = 0;
  size_t line_start_ = 0;
  int64_t line_;
};

bool CsvTable::is_bare(int64_t row) const {
  const Cell* cells = cells_.data() + row * columns_;
  size_t at = 0;  // where the next cell starts if it does so right behind the delimiter
  for (int64_t c = 0; c < columns_; ++c, ++at) {
    if (cells[c].length == kUnescaped || (cells[c].length > 0 && cells[c].offset != at))
      return false;
    at += cells[c].length;
  }
  const size_t end = starts_[row] + at - 1;
  return end >= text_->size() || (*text_)[end] == '\n' || (*text_)[end] == '\r';
}

std::vector<CsvTable::Start> CsvTable::starts_of(int64_t row) const {
  // Only rows that are written oddly are asked for, so they are parsed again instead of keeping
  // every offset.
  const auto start = static_cast<size_t>(starts_[row]);
  const size_t end = row + 1 < rows() ? static_cast<size_t>(starts_[row + 1]) : text_->size();
  CsvParser parser(text_->substr(start, end - start), name_, delimiter_,
                   {.byte = 1, .line = line(row)});
  return parser.starts(columns_);
}

std::string CsvTable::place(int64_t row, int64_t column) const {
  const Start start = starts_of(row)[static_cast<size_t>(column)];
  return fmt::format("{}:{}:{}", name_, start.line, start.byte);
}

CsvTable read_csv(std::string text, const std::string& name, const TableFormat& format,
                  const CsvStart& start) {
  return parse_csv(to_utf8(std::move(text), format, name, start.byte), name, format.delimiter[0],
                   start);
}

CsvTable parse_csv(std::string text, const std::string& name, char delimiter,
                   const CsvStart& start) {
  return CsvParser(std::move(text), name, delimiter, start).run();
}

}  // namespace maas
