// Which signs a table has before decimals and between thousands, guessed from all its columns.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sample/cell.h"
#include "sample/spec.h"

namespace maas {

// One column that may hold numbers. Functions live as long as the guess takes.
struct CellColumn {
  std::string name;
  int64_t rows = 0;
  std::function<Cell(int64_t row)> at;
  // The first row from `row` on, or some row before it, that is not known to be a plain number
  // (packed_column.h), or with `points` one without a point; null = none is known to be.
  std::function<int64_t(int64_t row, bool points)> next_odd = nullptr;
};

struct NumberGuess {
  TableFormat format;
  std::string note;  // for the user; "" = as by default, and nothing speaks against it
};

// `format` with decimal and thousands as the cells have them where these are "auto". A reading is
// taken when it makes numbers of every column that has any, and no other reading gives other
// numbers; else the default, "." and none, with a note that names a cell. A few stray cells that
// could be two things are no reason. Currency and percent signs do not matter. O(cells).
NumberGuess guess_numbers(const std::vector<CellColumn>& columns, const TableFormat& format);

}  // namespace maas
