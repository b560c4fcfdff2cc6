// Which columns a network goes by, as the end of training and the report tell it
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json_writer.h"
#include "evaluate/permutation_importance.h"
#include "record/bar_chart.h"
#include "train/fit.h"

namespace maas {

struct HeldOutResult;

// Of the first metric on the held-out rows of a table; no columns for images. What cannot be
// measured has a note.
Importance importance_of(const FitJob& job, const FitResult& result, const HeldOutResult& held);

// "without bill_length_mm accuracy is 0.2565 worse, without flipper_length_mm 0.0812, ..."; ""
// where nothing was measured.
std::string importance_line(const Importance& importance);

// None without columns. `held_out`: the name of the rows' split.
std::vector<BarChart> importance_charts(const Importance& importance, const std::string& held_out);

// "importance": {"metric", "value", "rows", "repeats", "columns": [{"name", "mean", "deviation"}]},
// and "note" where there is one; nothing for images.
void write_importance(JsonWriter& json, const Importance& importance);

}  // namespace maas
