// The description of the server's interface: OpenAPI 3.1 (spec.openapis.org/oas/v3.1.0).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "http/router.h"
#include "serve/server_state.h"

namespace maas {

// Of the routes that have a summary. Bodies that are asked of a model are described for each of
// `models`, by its inputs or its data; names of schemas that are not known are left out.
std::string openapi_document(std::span<const Route> routes,
                             const std::vector<std::shared_ptr<const ServedModel>>& models,
                             const std::string& version);

// GET /openapi.json: the document of `routes` and of the models that are served when it is asked.
Route openapi_route(std::vector<Route> routes, const ServerState& state);

}  // namespace maas
