// Which column of a table is to be predicted.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "column_facts.h"

namespace maas {

struct LabelGuess {
  size_t column = 0;
  std::string why;  // "since it is the last column; also likely: 'a' (--label NAME)"; "" = given
};

// `wanted`, unless empty; else a column that is called as targets are, else the last one. Never
// `image`, and no column that tells nothing (ColumnFacts::why_useless) while there is another.
// Throws Error{kUsage} when there is no column `wanted`; `where` is the file.
LabelGuess guess_label(const std::vector<ColumnFacts>& columns, std::optional<size_t> image,
                       const std::string& wanted, const std::string& where);

}  // namespace maas
