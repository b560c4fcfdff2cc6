// One line a request.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "http/exchange.h"

namespace maas {

// What a line of the log says of a request.
struct AccessEntry {
  const RequestHead& head;
  int status = 200;
  size_t answer_bytes = 0;
  const RequestNotes& notes;
  std::string client;        // its address
  std::string trace_parent;  // the header of W3C trace context; "" = none
  size_t body_bytes = 0;
  int64_t nanoseconds = 0;  // from the head to the answer
};

// JSON lines: time, client, key, method, path, status, bytes_in, bytes_out, seconds; of an
// inference also model, version, id, queue_seconds, compute_seconds; trace_id where the client sent
// one. Thread-safe. A line is written whole by one call.
class AccessLog {
 public:
  // "-" = stderr. Appends to a file, or makes it. Throws Error{kResources}.
  explicit AccessLog(std::string path);
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  // What cannot be written is lost, which is told once until writing works again.
  void write(const AccessEntry& entry);

  // Opens the path again: after the file was renamed. Where that fails, which is told, the old one
  // goes on.
  void reopen();

 private:
  int open_file() const;

  const std::string path_;
  std::mutex mutex_;
  int file_ = -1;
  bool failed_ = false;
};

// At level debug, to stderr: free when the level is above. The logger is spdlog's "maas" if the
// program made one, else one of that name to stderr.
void debug_log(const RequestHead& head, const HttpResponse& response, int64_t nanoseconds);

// What went wrong inside, at level error; the client hears only that something did.
void log_failure(std::string_view what);

// What somebody who watches the server wants to know, at level info.
void log_notice(std::string_view what);

// Control characters, quotes, backslashes and bytes beyond ASCII as \xNN; at most `limit` bytes of
// `text`: a request cannot forge a line or move the cursor.
std::string log_escaped(std::string_view text, size_t limit = 256);

}  // namespace maas
