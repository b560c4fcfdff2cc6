// Whether the first row of a table holds names
#pragma once

#include <string>

#include "sample/csv_reader.h"

namespace maas {

struct HeaderGuess {
  bool is_there = false;
  std::string doubt;  // a warning, where the guess may well be wrong; "" = it may not
};

// Names are no numbers; but they may be where they count (0, 1, 2, years, wavelengths) and stand
// beside a text that no other row has.
HeaderGuess guess_header(const CsvTable& table);

}  // namespace maas
