// A request to try the server with.
#pragma once

#include <string>

#include "serve/session.h"

namespace maas {

// A shell command (sh, curl) that posts zeros, or false, for every input, dynamic sizes being 1.
// `url` is "http://host:port".
std::string example_curl(const SessionInfo& info, const std::string& url);

// "image UINT8 [-1, 1, 28, 28]", of all tensors, with commas.
std::string describe_tensors(const std::vector<TensorInfo>& tensors);

}  // namespace maas
