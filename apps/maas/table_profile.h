// A table's columns in words: what was seen, and what will be done with each.
#pragma once

#include <string>
#include <vector>

#include "column_facts.h"

namespace maas {

// "number", "whole number", "date", "text"; "-" of an empty column.
std::string kind_of(const ColumnFacts& column);

// Lines of equal columns under a heading: "name  kind  missing  distinct  values  use". `uses` has
// a text for each column. At most 60 columns, then a line that counts the others.
std::vector<std::string> table_profile(const std::vector<ColumnFacts>& columns,
                                       const std::vector<std::string>& uses);

}  // namespace maas
