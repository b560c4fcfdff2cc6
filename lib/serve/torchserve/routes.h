// TorchServe's inference API over HTTP (docs/inference_api.md and default handlers of
// https://github.com/pytorch/serve), for clients that were written for it.
#pragma once

#include <vector>

#include "http/router.h"
#include "serve/server_state.h"

namespace maas {

// /ping, /predictions/{model}, /predictions/{model}/{version} (POST, and PUT, which `curl -T`
// sends), and the list /models of its management API.
std::vector<Route> torchserve_routes(const ServerState& state);

// /ping alone.
Route ping_route(const ServerState& state);

}  // namespace maas
