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
             "data, or set data.encoding: utf-8 for a training";
    }
    for (const char delimiter : {',', ';', '\t', '|'}) {
      const std::string joined = delimiter + cell + delimiter;
      const bool holds = cell.find(delimiter) != std::string::npos &&
                         joined.find(delimiter + name + delimiter) != std::string::npos;
      if (!holds) continue;
      return fmt::format(
          "the cells seem to be separated by {}: give the file with the delimiter of the training "
          "data, or set data.delimiter for a training",
          delimiter == '\t' ? "tabs" : fmt::format("'{}'", delimiter));
    }
  }
  return "check the name";
}

}  // namespace

CsvGrid::CsvGrid(CsvTable table, const Options& options) : table_(std::move(table)) {
  if (table_.rows() == 0) {
    throw_input(table_.name(), "holds no row", "a table", "check the file");
  }
  const bool has_header = options.has_header && options.names.empty();
  header_ = options.names.empty() ? column_names(table_, has_header) : options.names;
  MAAS_CHECK(static_cast<int64_t>(header_.size()) == table_.columns());
  rows_.resize(static_cast<size_t>(table_.rows() - (has_header ? 1 : 0)));
  std::iota(rows_.begin(), rows_.end(), has_header ? 1 : 0);
}

int64_t CsvGrid::find(const std::string& name) const {
  const auto found = std::find(header_.begin(), header_.end(), name);
  if (found == header_.end()) {
    throw_input(table_.name(),
                fmt::format("there is no column '{}'{}", name, did_you_mean(name, header_)),
                fmt::format("one of {}", fmt::join(header_, ", ")), advice_on(name, header_));
  }
  return found - header_.begin();
}

void CsvGrid::select(const std::vector<ColumnSpec>& columns) {
  std::vector<std::string> absent;
  for (const ColumnSpec& column : columns) {
    if (std::find(header_.begin(), header_.end(), column.name) == header_.end()) {
      absent.push_back(column.name);
    }
  }
  if (absent.size() > 1) {
    throw_input(table_.name(),
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
    if (keep(row)) kept.push_back(rows_[row]);
  }
  rows_ = std::move(kept);
}

std::vector<int64_t> CsvGrid::lines() const {
  std::vector<int64_t> lines;
  lines.reserve(rows_.size());
  for (const int64_t row : rows_) lines.push_back(table_.line(row));
  return lines;
}

}  // namespace maas
