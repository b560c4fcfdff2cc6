// What decides how the rows of a table may be split.
#pragma once

#include "data/data_config.h"
#include "data/source.h"
#include "sample/csv_grid.h"

namespace maas {

// By the label of a classification, data.group and data.order. Order is by number where all cells
// are numbers, by time where all are dates, else by bytes. Throws Error{kInput}: a column that is
// not there, a cell that is missing, dates in which the day could come first or the month.
RowMarks table_marks(const CsvGrid& grid, const DataConfig& config, const TableFormat& format);

}  // namespace maas
