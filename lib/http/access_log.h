// One line a request, to stderr, at level debug.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/exchange.h"

namespace maas {

// Free when the level is above debug. The logger is spdlog's "maas" if the program made one, else
// one of that name to stderr.
void access_log(const RequestHead& head, const HttpResponse& response, int64_t nanoseconds);

// What went wrong inside, at level error; the client hears only that something did.
void log_failure(std::string_view what);

// What somebody who watches the server wants to know, at level info.
void log_notice(std::string_view what);

// Control characters, quotes, backslashes and bytes beyond ASCII as \xNN; at most `limit` bytes of
// `text`: a request cannot forge a line or move the cursor.
std::string log_escaped(std::string_view text, size_t limit = 256);

}  // namespace maas
