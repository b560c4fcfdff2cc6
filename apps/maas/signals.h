// SIGINT and SIGTERM, as work that can stop wants them.
#pragma once

#include <atomic>
#include <csignal>

namespace maas {

// Flag of the first SIGINT or SIGTERM; the second ends the process with 128 + signal.
const std::atomic<int>& watch_signals();

// Threads that are started meanwhile take no signals.
class BlockedSignals {
 public:
  BlockedSignals();
  ~BlockedSignals();
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace maas
