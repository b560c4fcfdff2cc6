// What the rows of a table look like that a network has learnt from
#pragma once

#include <vector>

#include "data/dataset.h"
#include "record/report.h"

namespace maas {

// A row for each column and one for each target: kind, cells that were missing, values (from least
// to most and the mean; the most frequent categories with their shares). From at most 100,000
// training rows, evenly spread, which is told; of the missing cells it counts all of the file. At
// most 200 columns. None for images.
std::vector<ReportTable> data_profile(const Dataset& train);

}  // namespace maas
