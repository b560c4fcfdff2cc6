// POST /predict: what `maas predict` takes, over HTTP
#pragma once

#include <vector>

#include "http/router.h"
#include "serve/server_state.h"

namespace maas {

// POST or PUT (curl -T) /predict (of a server with one model), /predict/{model},
// /predict/{model}/{version}. Bodies are those of read_body() (serve/samples/read_body.h), answers
// those of labelled_answer(). `state` outlives them.
std::vector<Route> predict_routes(const ServerState& state);

}  // namespace maas
