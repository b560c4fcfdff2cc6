// A CSV file, gzipped or not, read by several threads.
#pragma once

#include <functional>
#include <string>

#include "sample/csv_grid.h"

namespace maas {

// All rows. The text is read a few MiB at a time and not kept, but for that of cells that are no
// plain numbers. `look` sees the first rows, the header among them, before anything is made of
// them. Throws Error{kInput}: what read_csv() and CsvGrid refuse, of several faults the first; more
// than 16 GiB of text; a damaged gzip stream.
CsvGrid read_csv_file(const std::string& path, const TableFormat& format,
                      const CsvGrid::Options& options,
                      const std::function<void(const CsvTable& first)>& look = nullptr);

}  // namespace maas
