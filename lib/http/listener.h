// HTTP/1.1 on a TCP port: connections, limits, time-outs; the meaning is the HttpService's.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "http/access_log.h"
#include "http/exchange.h"
#include "http/http_config.h"
#include "http/http_counters.h"

namespace maas {

// What the constructor of HttpListener would refuse of these settings without opening a port:
// throws Error{kUsage} for an address that is not allowed, and for certificates and keys that
// cannot be read or do not fit each other what TLS makes of them.
void check_http_config(const HttpConfig& config);

// Any number of threads call run(), one at least; each handles whatever is ready next. Others may
// call stand_in(): they do the same while all of those in run() are at long_work(). One connection
// is on one thread at a time and has one request in flight; pipelined requests wait in its buffer.
// All calls are thread-safe.
class HttpListener {
 public:
  // Binds; connections queue in the kernel until start(). Throws Error{kUsage} for an address that
  // is not allowed, Error{kResources} for a port that is taken or not permitted. `service` and
  // `log` outlive the listener.
  HttpListener(const HttpConfig& config, HttpService& service, AccessLog* log = nullptr);
  ~HttpListener();
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;

  uint16_t port() const;
  const HttpCounters& counters() const;
  // For another protocol of the same server, whose bodies count in `buffered` too. Outlives the
  // listener.
  std::shared_ptr<HttpCounters> shared_counters() const;

  // Reads the files of HttpConfig::tls again, for connections from now on. Throws Error{kUsage},
  // and then those before stay.
  void reload_certificates();

  // Accepts from now on; calls `on_tick` regularly (at least once a second) on some thread.
  void start(std::function<void()> on_tick);
  void run();       // until drain() is through, or stop()
  void stand_in();  // as long

  // Says that this thread, which is in run() or stand_in(), is busy for a millisecond or more,
  // until what is returned is destroyed: there. It must not outlive the listener.
  std::shared_ptr<void> long_work();

  // Runs `work` on one of these threads, not as part of any connection's turn.
  void post(std::function<void()> work);
  void post_after(std::chrono::nanoseconds delay, std::function<void()> work);

  // `on_signal` at the first SIGTERM or SIGINT; then both have their default effect again.
  void watch_stop_signals(std::function<void()> on_signal);
  void watch_signal(int number, std::function<void()> on_signal);  // at every one

  // Memory that was let go of elsewhere goes back to the system as that of large requests does.
  void release_memory_soon();

  // From now on every answer says Connection: close, so that no client sends another request on a
  // connection that is about to go. Newcomers are still accepted.
  void close_after_answers();
  // Also stops accepting, closes idle connections, lets requests in flight be answered, at most
  // `seconds` long; then every run() and stand_in() returns. What the kernel had accepted already
  // is answered too.
  void drain(double seconds);
  void stop();  // every thread returns after what it is at; connections are cut

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace maas
