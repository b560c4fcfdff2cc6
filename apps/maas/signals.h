// SIGINT and SIGTERM, as work that can stop wants them.
#pragma once

#include <atomic>

namespace maas {

// Flag of the first SIGINT or SIGTERM; the second ends the process with 128 + signal.
const std::atomic<int>& watch_signals();

}  // namespace maas
