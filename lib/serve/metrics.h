// What a server counts, in Prometheus' text format.
// https://prometheus.io/docs/instrumenting/exposition_formats/
#pragma once

#include <string>
#include <vector>

#include "http/http_counters.h"
#include "http/router.h"
#include "serve/repository.h"

namespace maas {

// Histograms in seconds and counters of each model (labels model and version), of HTTP, and of the
// process. `triton`: the same once more under Triton's names (nv_inference_*), for boards and
// scalers that know those.
std::string metrics_text(const Repository::Models& models, const HttpCounters& http, bool triton);

}  // namespace maas
