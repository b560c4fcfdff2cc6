// How much the server's own log tells.
#pragma once

#include <cstdint>

namespace maas {

// Each with those before it.
enum class LogDetail : uint8_t {
  kFailures,  // log_failure(): always told
  kNotices,   // log_notice()
  kRequests   // debug_log(): each request
};

// Of the logger that http/access_log.h writes to. Thread-safe.
LogDetail log_detail();
void set_log_detail(LogDetail detail);

}  // namespace maas
