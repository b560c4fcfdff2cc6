#include "signals.h"

#include <unistd.h>

namespace maas {
namespace {

std::atomic<int> g_signal{0};

void on_signal(int signal) {
  if (g_signal.exchange(signal) != 0) ::_exit(128 + signal);
}

}  // namespace

const std::atomic<int>& watch_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);  // a closed terminal does not end hours of work
  return g_signal;
}

BlockedSignals::BlockedSignals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before_);
}

BlockedSignals::~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

}  // namespace maas
