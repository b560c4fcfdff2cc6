// What a server counts, in Prometheus' text format.
// https://prometheus.io/docs/instrumenting/exposition_formats/
#pragma once

#include <string>
#include <vector>

#include "http/http_counters.h"
#include "http/router.h"
#include "serve/grpc/exchange.h"
#include "serve/repository.h"

namespace maas {

struct MetricsOptions {
  const GrpcShared* grpc = nullptr;  // null: there is no such port
  // The models' once more under Triton's names (nv_inference_*), for boards and scalers that know
  // those.
  bool triton = false;
};

// Histograms in seconds and counters of each model (labels model and version), of HTTP and gRPC,
// and of the process.
std::string metrics_text(const Repository::Models& models, const HttpCounters& http,
                         const MetricsOptions& options);

}  // namespace maas
