#include "sample/csv_stream.h"

#include <fmt/format.h>

#include <utility>

#include "base/throw_error.h"

namespace maas {

// Text without quotes and carriage returns: every line feed ends a row.
bool RowEnds::skip_plain(std::string_view text) {
  const std::string_view fresh = text.substr(seen_);
  const bool is_quoted = state_ == State::kQuoted || state_ == State::kQuoteInQuoted;
  if (fresh.empty() || is_quoted || fresh.find('"') != fresh.npos ||
      fresh.find('\r') != fresh.npos) {
    return false;
  }
  for (size_t at = 0; (at = fresh.find('\n', at)) != fresh.npos;) {
    end_ = seen_ + ++at;
    lines_ = ++lines_seen_;
  }
  const bool starts = fresh.back() == '\n' || fresh.back() == delimiter_;
  state_ = starts ? State::kCellStart : State::kPlain;
  seen_ = text.size();
  return true;
}

size_t RowEnds::last_in(std::string_view text) {
  if (skip_plain(text)) return end_;
  for (; seen_ < text.size(); ++seen_) {
    const char c = text[seen_];
    const bool line_end = c == '\n' || c == '\r';
    if (c == '\r' && seen_ + 1 == text.size()) break;  // perhaps a line feed follows
    const bool counts = c == '\n' || (c == '\r' && text[seen_ + 1] != '\n');
    if (state_ == State::kQuoted) {
      if (c == '"') state_ = State::kQuoteInQuoted;
      lines_seen_ += c == '\n' ? 1 : 0;  // as the parser counts them within quotes
      continue;
    }
    if (state_ == State::kQuoteInQuoted && c == '"') {
      state_ = State::kQuoted;
      continue;
    }
    if (line_end) {
      state_ = State::kCellStart;
      if (!counts) continue;
      end_ = seen_ + 1;
      lines_ = ++lines_seen_;
    } else if (c == delimiter_) {
      state_ = State::kCellStart;
    } else {
      state_ = state_ == State::kCellStart && c == '"' ? State::kQuoted : State::kPlain;
    }
  }
  return end_;
}

void RowEnds::cut(size_t size) {
  seen_ -= size;
  end_ = 0;
}

CsvStream::CsvStream(Read read, std::string name, TableFormat format, const Options& options)
    : read_(std::move(read)),
      name_(std::move(name)),
      format_(std::move(format)),
      options_(options),
      ends_(format_.delimiter[0]) {}

void CsvStream::fill() {
  const size_t had = text_.size();
  text_.resize(had + options_.piece_bytes);
  size_t size = had;
  while (size < text_.size()) {
    const size_t more = read_(text_.data() + size, text_.size() - size);
    if (more == 0) {
      ended_ = true;
      break;
    }
    size += more;
  }
  text_.resize(size);
}

std::optional<CsvStream::Piece> CsvStream::next_text() {
  if (at_end()) return std::nullopt;
  size_t end = 0;
  while (!ended_ && end == 0) {
    fill();
    end = ends_.last_in(text_);
    // Most often a quote that is never closed, and the parser says where it was opened.
    if (end == 0 && text_.size() > options_.most_row_bytes) {
      read_csv(std::move(text_), name_, format_, start_);
      throw_input(fmt::format("{}:{}", name_, start_.line),
                  fmt::format("the row has more than {} bytes", options_.most_row_bytes),
                  "rows on lines of their own", "check the file");
    }
  }
  if (ended_) end = text_.size();
  std::string rest = text_.substr(end);
  text_.resize(end);
  Piece piece{std::move(text_), start_};
  text_ = std::move(rest);
  ends_.cut(end);
  start_.byte += end;
  start_.line = 1 + ends_.lines();
  return piece;
}

std::optional<CsvTable> CsvStream::next() {
  while (std::optional<Piece> piece = next_text()) {
    CsvTable table = read_csv(std::move(piece->text), name_, format_, piece->start);
    if (table.rows() == 0) continue;
    if (start_.columns == 0) {
      start_.columns = table.columns();
      start_.first_line = table.line(0);
    }
    return table;
  }
  return std::nullopt;
}

}  // namespace maas
