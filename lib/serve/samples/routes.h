// How a model's data look, for whoever asks it with samples (an extension of ours).
#pragma once

#include <string>
#include <vector>

#include "http/router.h"
#include "serve/server_state.h"

namespace maas {

// GET /v2/models/{model}[/versions/{version}]/samples; 404 for a model that does not say it.
std::vector<Route> sample_routes(const ServerState& state);

// {"kind":"image","channels","height","width","resize_to_fit","mean","task","labels"} or
// {"kind":"table","columns":[{"name","type":"numeric","mean"}, {"name","type":"categorical",
// "categories"} or {"name","type":"date","example"}],"missing","task","labels"}; the labels of a
// regression are its targets.
std::string describe_samples(const SampleForm& samples);

}  // namespace maas
