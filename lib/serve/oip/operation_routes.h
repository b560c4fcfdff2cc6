// Triton's extensions for whoever operates a server: how much it logs (extension_logging.md) and
// traces (extension_trace.md).
#pragma once

#include <vector>

#include "http/router.h"
#include "serve/server_state.h"

namespace maas {

// /v2/logging is read and set, for the scope admin, where serve.model_control allows it to be set:
// notices, and each request as log_verbose_level 1. /v2/trace/setting, also of a model, is read:
// its level is OFF, and whatever else is asked for is refused.
std::vector<Route> operation_routes(const ServerState& state);

}  // namespace maas
