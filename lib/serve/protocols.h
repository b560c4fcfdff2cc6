// The routes of all protocols, and of what goes beyond them.
#pragma once

#include <vector>

#include "http/router.h"
#include "serve/server_state.h"

namespace maas {

std::vector<Route> protocol_routes(const ServerState& state);

}  // namespace maas
