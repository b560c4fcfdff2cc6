// What a network has to beat, as the end of training and the report tell it.
#pragma once

#include <string>
#include <vector>

#include "base/json_writer.h"
#include "record/report.h"
#include "train/baselines.h"

namespace maas {

// "beside it, on the test rows: logistic regression accuracy 0.9667 nll 0.1370"
std::vector<std::string> baseline_lines(const std::vector<Baseline>& baselines,
                                        const std::string& held_out,
                                        const std::vector<std::string>& metrics);

// One table of the baselines and the model; none without baselines.
std::vector<ReportTable> baseline_tables(const std::vector<Baseline>& baselines,
                                         const Metrics& model, const std::string& held_out,
                                         const std::vector<std::string>& metrics);

// "baselines": [{"name": "mean", "metrics": {"rmse": 1.5}}]
void write_baselines(JsonWriter& json, const std::vector<Baseline>& baselines,
                     const std::vector<std::string>& metrics);

}  // namespace maas
