// A request to try the server with.
#pragma once

#include <string>

#include "serve/session.h"

namespace maas {

// What a person would type for a model that says how its data look: `curl URL/predict -F
// image=@picture.png`, or a row with training's means and first categories. `path` is "/predict",
// or "/predict/M" of one of several models. For other models example_curl().
std::string example_prediction(const SessionInfo& info, const std::string& url,
                               const std::string& path);

// A shell command (sh, curl) that posts zeros, or false, for every input, dynamic sizes being 1.
// `url` is "http://host:port".
std::string example_curl(const SessionInfo& info, const std::string& url);

// "image UINT8 [-1, 1, 28, 28]", of all tensors, with commas.
std::string describe_tensors(const std::vector<TensorInfo>& tensors);

}  // namespace maas
