// The line of each row of a file.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace maas {

// Takes memory only where the next row is not on the next line.
class RowLines {
 public:
  void add(int64_t line) {
    if (runs_.empty() || line != runs_.back().line + (rows_ - runs_.back().row)) {
      runs_.push_back({rows_, line});
    }
    ++rows_;
  }
  int64_t size() const { return rows_; }
  int64_t operator[](int64_t row) const {
    const auto after = std::upper_bound(runs_.begin(), runs_.end(), row,
                                        [](int64_t at, const Run& run) { return at < run.row; });
    return (after - 1)->line + (row - (after - 1)->row);
  }

 private:
  struct Run {
    int64_t row, line;
  };
  std::vector<Run> runs_;
  int64_t rows_ = 0;
};

}  // namespace maas
