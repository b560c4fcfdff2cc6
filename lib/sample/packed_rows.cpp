#include "sample/packed_rows.h"

#include <fmt/format.h>

#include "base/error.h"

namespace maas {

PackedRows::PackedRows(const CsvTable& table, int64_t first, const std::vector<bool>& keep_text)
    : rows_(table.rows() - first) {
  MAAS_CHECK(rows_ >= 0 &&
             (keep_text.empty() || static_cast<int64_t>(keep_text.size()) == table.columns()));
  std::vector<std::string_view> cells(static_cast<size_t>(rows_));
  for (int64_t c = 0; c < table.columns(); ++c) {
    for (int64_t row = 0; row < rows_; ++row) {
      cells[static_cast<size_t>(row)] = table.at(first + row, c);
    }
    columns_.emplace_back(cells, !keep_text.empty() && keep_text[static_cast<size_t>(c)]);
  }
  if (rows_ == 0) return;
  first_line_ = table.line(first);
  if (table.line(first + rows_ - 1) != first_line_ + rows_ - 1) {
    for (int64_t row = 0; row < rows_; ++row) {
      const int64_t below = table.line(first + row) - first_line_;
      MAAS_CHECK(below < UINT32_MAX);
      lines_.push_back(static_cast<uint32_t>(below));
    }
  }
  note_starts(table, first);
}

void PackedRows::note_starts(const CsvTable& table, int64_t first) {
  for (int64_t row = 0; row < rows_; ++row) {
    if (table.is_bare(first + row)) continue;
    std::vector<Start>& starts = starts_[row];
    for (const auto& [line, byte] : table.starts_of(first + row)) {
      starts.push_back(
          {static_cast<uint32_t>(line - this->line(row)), static_cast<uint32_t>(byte)});
    }
  }
}

std::string PackedRows::place(int64_t row, int64_t column) const {
  const auto known = starts_.find(row);
  if (known != starts_.end()) {
    const Start& start = known->second[static_cast<size_t>(column)];
    return fmt::format(":{}:{}", line(row) + start.lines, start.byte);
  }
  size_t byte = 1;
  for (int64_t c = 0; c < column; ++c) {
    const Cell cell = columns_[static_cast<size_t>(c)].at(row);
    byte += cell.view().size() + 1;
  }
  return fmt::format(":{}:{}", line(row), byte);
}

}  // namespace maas
