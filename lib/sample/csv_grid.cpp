#include "sample/csv_grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "base/did_you_mean.h"
#include "base/throw_error.h"
#include "sample/cell_text.h"

namespace maas {

std::vector<std::string> column_names(const CsvTable& table, bool has_header) {
  std::vector<std::string> names;
  std::set<std::string> written, taken;
  for (int64_t c = 0; c < table.columns() && has_header; ++c) written.emplace(table.at(0, c));
  for (int64_t c = 0; c < table.columns(); ++c) {
    const std::string own = has_header ? std::string(table.at(0, c)) : "";
    const std::string stem = own.empty() ? fmt::format("column_{}", c + 1) : own;
    std::string name = stem;
    for (int64_t n = 2; taken.contains(name) || (name != own && written.contains(name)); ++n) {
      name = fmt::format("{}_{}", stem, n);
    }
    taken.insert(name);
    names.push_back(std::move(name));
  }
  return names;
}

namespace {

// UTF-8 that was read as one byte a letter.
std::string misread(const std::string& name) {
  TableFormat format;
  format.encoding = "latin-1";
  return to_utf8(name, format, "");
}

// What to do where a table has no column of that name, as its header looks.
std::string advice_on(const std::string& name, const std::vector<std::string>& header) {
  for (const std::string& cell : header) {
    if (misread(name) == cell && cell != name) {
      return "the file is UTF-8 and was read in another encoding: give it in that of the training "
             "data; train and eval read it with data.encoding=utf-8";
    }
    for (const char delimiter : {',', ';', '\t', '|'}) {
      const std::string joined = delimiter + cell + delimiter;
      const bool holds = cell.find(delimiter) != std::string::npos &&
                         joined.find(delimiter + name + delimiter) != std::string::npos;
      if (!holds) continue;
      return fmt::format(
          "the cells seem to be separated by {}: give the file with the delimiter of the training "
          "data; train and eval read it with data.delimiter='{}'",
          delimiter == '\t' ? "tabs" : fmt::format("'{}'", delimiter),
          delimiter == '\t' ? "\\t" : std::string(1, delimiter));
    }
  }
  return "check the name";
}

}  // namespace

CsvGrid::CsvGrid(const CsvTable& table, const Options& options) : file_(table.name()) {
  if (table.rows() == 0) throw_input(file_, "holds no row", "a table", "check the file");
  const bool has_header = options.has_header && options.names.empty();
  header_ = options.names.empty() ? column_names(table, has_header) : options.names;
  MAAS_CHECK(static_cast<int64_t>(header_.size()) == table.columns());
  for (const std::string& name : header_) keeps_text_.push_back(options.texts.contains(name));
  for (size_t c = 0; c < header_.size(); ++c) places_.emplace(header_[c], c);
  append({table, has_header ? 1 : 0, keeps_text_});
}

void CsvGrid::append(PackedRows rows) {
  MAAS_CHECK(all_);
  if (rows.rows() == 0) return;
  blocks_.end += rows.rows();
  blocks_.ends.push_back(blocks_.end);
  blocks_.rows.push_back(std::move(rows));
}

CsvGrid::Place CsvGrid::find_row(int64_t row) const {
  const auto end = std::upper_bound(blocks_.ends.begin(), blocks_.ends.end(), row);
  MAAS_CHECK(end != blocks_.ends.end());
  const PackedRows& block = blocks_.rows[static_cast<size_t>(end - blocks_.ends.begin())];
  return {block, block.rows() - (*end - row), *end - row};
}

Cell CsvGrid::cell(int64_t row, int64_t column) const {
  const Place place = find_row(all_ ? row : rows_[row]);
  return place.block.column(column).at(place.row);
}

std::string_view CsvGrid::text(int64_t row, int64_t column) const {
  MAAS_CHECK(keeps_text_[static_cast<size_t>(column)]);
  const Cell kept = cell(row, column);  // a view into the column
  return kept.view();
}

std::string CsvGrid::cell_place(int64_t row, int64_t column) const {
  const Place place = find_row(all_ ? row : rows_[row]);
  return file_ + place.block.place(place.row, column);
}

void CsvGrid::numbers(int64_t column, int64_t first, std::span<double> to) const {
  const int64_t of_file = selected_[column];
  for (size_t done = 0; done < to.size();) {
    const int64_t row = first + static_cast<int64_t>(done);
    const Place place = find_row(all_ ? row : rows_[row]);
    const auto left = static_cast<size_t>(all_ ? place.left : 1);
    const size_t count = std::min(to.size() - done, left);
    place.block.column(of_file).numbers(place.row, to.subspan(done, count));
    done += count;
  }
}

int64_t CsvGrid::next_odd(int64_t row, int64_t column, bool points) const {
  const Place place = find_row(all_ ? row : rows_[row]);
  const int64_t odd = place.block.column(column).next_odd(place.row, points);
  if (!all_) return row + (odd > place.row ? 1 : 0);
  return row + odd - place.row;
}

int64_t CsvGrid::find(const std::string& name) const {
  const auto found = places_.find(name);
  if (found == places_.end()) {
    throw_input(
        file_, fmt::format("there is no column '{}'{}", name, did_you_mean(name, header_)),
        fmt::format("one of that name beside those that are there: {}", fmt::join(header_, ", ")),
        advice_on(name, header_));
  }
  return found->second;
}

void CsvGrid::select(const std::vector<ColumnSpec>& columns) {
  std::vector<std::string> absent;
  for (const ColumnSpec& column : columns) {
    if (!places_.contains(column.name)) absent.push_back(column.name);
  }
  if (absent.size() > 1) {
    throw_input(file_,
                fmt::format("{} of {} columns are absent: {}", absent.size(), columns.size(),
                            fmt::join(absent, ", ")),
                fmt::format("them beside those that are there: {}", fmt::join(header_, ", ")),
                advice_on(absent[0], header_));
  }
  selected_.clear();
  for (const ColumnSpec& column : columns) selected_.push_back(find(column.name));
}

void CsvGrid::select_all() {
  selected_.resize(header_.size());
  std::iota(selected_.begin(), selected_.end(), 0);
}

void CsvGrid::keep_rows(const std::function<bool(int64_t)>& keep) {
  std::vector<int64_t> kept;
  for (int64_t row = 0; row < rows(); ++row) {
    if (keep(row)) kept.push_back(all_ ? row : rows_[row]);
  }
  if (static_cast<int64_t>(kept.size()) == rows()) return;
  rows_ = std::move(kept);
  all_ = false;
}

RowLines CsvGrid::lines() const {
  RowLines lines;
  for (int64_t row = 0; row < rows(); ++row) {
    const Place place = find_row(all_ ? row : rows_[row]);
    lines.add(place.block.line(place.row));
  }
  return lines;
}

}  // namespace maas
