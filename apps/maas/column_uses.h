// What is done with each column of a table
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "column_facts.h"
#include "sample/csv_reader.h"

namespace maas {

// What is known of columns beside their cells.
struct ColumnRoles {
  size_t label = 0;
  std::set<std::string> marks = {};   // names that data.group and data.order give
  std::set<std::string> labels = {};  // all that data.labels gives, instead of one label
  // What settings outside data.columns decide.
  bool is_spoken_for(const std::string& name) const {
    return marks.contains(name) || labels.contains(name);
  }
};

// Why each column is no input: "" = it is one. Throws Error{kInput} where none holds anything.
std::vector<std::string> reasons_to_ignore(const CsvTable& table, bool header,
                                           const std::vector<ColumnFacts>& columns,
                                           const ColumnRoles& roles);

// "number, standardised", "ignored: it is empty" ...: one a column.
std::vector<std::string> uses_of(const std::vector<ColumnFacts>& columns, size_t label,
                                 const std::vector<std::string>& reasons, bool of_numbers);

// The settings of the section `data` for columns that are left out or have a type, with the policy
// for empty cells of the others. `warnings` gets what their owner should look at.
std::string lines_of_columns(const std::vector<ColumnFacts>& columns, const ColumnRoles& roles,
                             const std::vector<std::string>& reasons,
                             std::vector<std::string>& warnings);

}  // namespace maas
