// How a model's data look, for people and programs: columns with categories, labels, image sizes
#pragma once

#include <string>
#include <vector>

#include "base/json_writer.h"
#include "sample/spec.h"

namespace maas {

// Members of the object that is open: "kind" with channels, height, width, resize_to_fit, mean, or
// columns and missing; "task", "labels" (of a regression the targets) and "thresholds", if there
// are any.
void write_description(JsonWriter& json, const DataSpec& data);

// One line a column, or one for the image; one for the labels or targets; one for thresholds. Of
// long lists the first few and how many more.
std::vector<std::string> description_lines(const DataSpec& data);

// "common 0.541, rare 0.459", of many the first few.
std::string threshold_words(const TaskSpec& task);

}  // namespace maas
