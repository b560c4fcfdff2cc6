// Requests sent to a server at times that do not depend on its answers (open loop), or by so many
// clients of whom each waits for its answer (closed loop).
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string>

#include "load/endpoint.h"
#include "load/latencies.h"

namespace maas {

enum class Arrivals {
  kClosed,    // each connection sends when its answer is there
  kConstant,  // at equal distances
  kPoisson    // at random, independent of each other: as many independent users do
};

struct LoadPlan {
  Arrivals arrivals = Arrivals::kClosed;
  double rate = 0;      // requests a second; of an open loop
  int connections = 1;  // of a closed loop; of an open loop the most that are opened
  double warmup_seconds = 0.5, seconds = 5;
  double timeout_seconds = 10;             // after which a request has failed
  int64_t max_answer_bytes = 64 << 20;     // of one answer; more is a failure
  uint64_t seed = 1;                       // of kPoisson
  const std::atomic<int>* stop = nullptr;  // where not 0, the run ends at once; outlives it
};

// What happened to the requests whose time lay in the measured seconds.
struct LoadResult {
  double seconds = 0;
  uint64_t sent = 0;
  // Answers of a status 2xx: all, and those that came within the measured seconds.
  uint64_t good = 0, good_in_time = 0;
  uint64_t bytes_in = 0;                     // of good answers' bodies
  std::map<int, uint64_t> bad;               // answers of other statuses
  std::map<std::string, uint64_t> failures;  // no answer: "timed out", "closed", ...
  // Of good answers, from the time at which the request was to be sent: what it waited for a
  // connection, since the server held them all, counts. No coordinated omission
  // (github.com/giltene/wrk2).
  Latencies latency;
  Latencies refusals;  // the same of answers of other statuses
  // Open loop: from the time at which a request was to be sent until this client turned to it.
  Latencies lateness;
  double client_busy = 0;  // share of its time that this client's one thread computed; 0 to 1

  double throughput() const {
    return seconds > 0 ? static_cast<double>(good_in_time) / seconds : 0;
  }
  uint64_t errors() const;
  // Why the figures say more of this client than of the server; "" = they do not: one request in a
  // hundred was turned to more than 1 ms and a tenth of the p99 latency late, or a closed loop had
  // this client at work all the time.
  std::string why_void() const;
  bool open_loop = false;

  // Of another run with the same plan, at another time.
  void add(const LoadResult& other);
};

// Sends `request`, a whole HTTP/1.1 request, as planned, from one thread: this one. Returns when
// all that was sent is answered or has failed: at most warm-up, seconds and timeout later; at once
// where `stop` says so, and then the figures are of no use. Of a rate that this client cannot send,
// what it has not turned to by the end has failed as "not sent". Raises
// this process's limit of open files as far as it may. Throws Error{kResources} when the host is
// not found.
LoadResult run_load(const Endpoint& endpoint, const std::string& request, const LoadPlan& plan);

}  // namespace maas
