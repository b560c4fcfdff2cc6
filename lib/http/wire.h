// The bytes of an answer's head.
#pragma once

#include <cstddef>
#include <string>

#include "http/reply.h"

namespace maas {

// Request bodies have this much readable memory behind them, for the JSON parser.
inline constexpr size_t kBodyPadding = 64;

// Status line and headers of `response` with the empty line, into `out` (replaced). An HTTP/1.0
// client is told when the connection stays open.
void make_response_head(const HttpResponse& response, bool for_http_1_0, std::string& out);

}  // namespace maas
