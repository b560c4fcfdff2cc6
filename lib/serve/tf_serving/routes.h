// TensorFlow Serving's REST API, version 1, over HTTP (api_rest.md of
// https://github.com/tensorflow/serving), for clients that were written for it.
#pragma once

#include <vector>

#include "http/router.h"
#include "serve/server_state.h"

namespace maas {

// /v1/models/{model}[/versions/{version}] with :predict, :classify, :regress, status and metadata.
std::vector<Route> tf_serving_routes(const ServerState& state);

}  // namespace maas
