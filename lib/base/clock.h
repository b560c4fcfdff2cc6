// The time of day as logs have it
#pragma once

#include <string>

namespace maas {

std::string now_iso();  // ISO 8601 in UTC, to the second: "2026-01-02T03:04:05Z"

}  // namespace maas
