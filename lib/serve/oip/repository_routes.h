// Triton's extension "model repository" of the Open Inference Protocol: which models there are,
// load and unload.
#pragma once

#include <vector>

#include "http/router.h"
#include "serve/server_state.h"

namespace maas {

// POST /v2/repository/index, /v2/repository/models/M/load and /unload; the last two are 403 unless
// serve.model_control allows them. They are answered when the work is done.
std::vector<Route> repository_routes(const ServerState& state);

}  // namespace maas
