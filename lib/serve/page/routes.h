// The server's own page: its models, how busy they are, and a place to try them.
#pragma once

#include <vector>

#include "http/router.h"

namespace maas {

// GET / with its style and script, which lie inside the program: nothing is fetched from elsewhere
// (Content-Security-Policy forbids it). The page itself asks the other routes.
std::vector<Route> page_routes();

}  // namespace maas
