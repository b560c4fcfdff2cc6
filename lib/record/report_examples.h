// Which rows a report shows.
#pragma once

#include <cstdint>
#include <vector>

#include "data/dataset.h"
#include "evaluate/metrics.h"
#include "record/report.h"

namespace maas {

struct ExampleLimits {
  int64_t worst = 240;    // rows with the highest loss over all
  int64_t per_cell = 12;  // and the worst of each cell of the confusion matrix
  int64_t total = 600;
  int64_t pixels = int64_t{8} << 20;  // bytes of all images as shown; a page has to open fast
};

// The misclassified rows of `dataset` that `predictions` (made from it, in order) has the highest
// loss on, with their images, or their columns as text. Classification only: others give none.
std::vector<ReportExample> report_examples(const Predictions& predictions, const Dataset& dataset,
                                           const ExampleLimits& limits = {});

// Up to `limit` evenly spaced rows of the first target of a regression.
std::vector<ReportPoint> report_points(const Predictions& predictions, int64_t limit = 2000);

}  // namespace maas
