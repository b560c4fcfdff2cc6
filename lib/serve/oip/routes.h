// The Open Inference Protocol v2 over HTTP: which requests there are, and their handlers.
#pragma once

#include <vector>

#include "http/router.h"
#include "serve/server_state.h"

namespace maas {

// Health, metadata and inference, of a model with or without version. Refused by their heads:
// models that the repository does not have (404), bodies that are not JSON, announced binary
// tensors (415).
std::vector<Route> oip_routes(const ServerState& state);

// Of them those that a prober needs: live and ready.
std::vector<Route> oip_health_routes(const ServerState& state);

}  // namespace maas
