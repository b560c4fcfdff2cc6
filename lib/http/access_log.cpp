#include "http/access_log.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/json_writer.h"
#include "http/log_detail.h"

namespace maas {
namespace {

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto found = spdlog::get("maas");
    return found ? found : spdlog::stderr_logger_mt("maas");
  }();
  return *instance;
}

// JSON needs UTF-8; a path may hold anything.
std::string plain(std::string_view text, size_t limit = 256) {
  const bool ascii =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  return ascii && text.size() <= limit ? std::string(text) : log_escaped(text, limit);
}

std::string now_text() {
  const auto now = std::chrono::system_clock::now();
  const auto whole = std::chrono::floor<std::chrono::seconds>(now);
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now - whole);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(whole)), micros.count());
}

// "00-<32 hex digits>-<16>-<2>" (w3.org/TR/trace-context)
std::string_view trace_id_of(std::string_view parent) {
  const bool formed = parent.size() >= 55 && parent[2] == '-' && parent[35] == '-';
  const std::string_view id = formed ? parent.substr(3, 32) : std::string_view();
  return id.find_first_not_of("0123456789abcdef") == std::string_view::npos ? id : "";
}

std::string line_of(const AccessEntry& entry) {
  const RequestNotes& notes = entry.notes;
  JsonWriter json;
  json.begin_object().field("time", now_text()).field("client", entry.client);
  if (!notes.key.empty()) json.field("key", notes.key);
  json.field("method", plain(entry.head.method, 16)).field("path", plain(entry.head.target));
  json.field("status", static_cast<int64_t>(entry.status));
  json.field("bytes_in", static_cast<int64_t>(entry.body_bytes));
  json.field("bytes_out", static_cast<int64_t>(entry.answer_bytes));
  json.field("seconds", static_cast<double>(entry.nanoseconds) / 1e9);
  if (!notes.model.empty()) {
    json.field("model", notes.model).field("version", notes.version);
    if (!notes.id.empty()) json.field("id", notes.id);
    json.field("queue_seconds", notes.queue_seconds);
    json.field("compute_seconds", notes.compute_seconds);
  }
  if (const auto id = trace_id_of(entry.trace_parent); !id.empty()) json.field("trace_id", id);
  return json.end_object().take() + "\n";
}

}  // namespace

LogDetail log_detail() {
  const auto level = logger().level();
  return level <= spdlog::level::debug  ? LogDetail::kRequests
         : level <= spdlog::level::info ? LogDetail::kNotices
                                        : LogDetail::kFailures;
}

void set_log_detail(LogDetail detail) {
  logger().set_level(detail == LogDetail::kRequests  ? spdlog::level::debug
                     : detail == LogDetail::kNotices ? spdlog::level::info
                                                     : spdlog::level::err);
}

std::string log_escaped(std::string_view text, size_t limit) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : text.substr(0, limit)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\') {
      out += c;
    } else {
      out += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  if (text.size() > limit) out += "...";
  return out;
}

void debug_log(const RequestHead& head, const HttpResponse& response, int64_t nanoseconds) {
  if (!logger().should_log(spdlog::level::debug)) return;
  logger().debug("\"{} {}\" {} {} bytes {} us", log_escaped(head.method, 16),
                 log_escaped(head.target), response.status, response.body.size(),
                 nanoseconds / 1000);
}

AccessLog::AccessLog(std::string path) : path_(std::move(path)) {
  file_ = path_ == "-" ? STDERR_FILENO : open_file();
  if (file_ >= 0) return;
  throw Error(ErrorKind::kResources,
              Problem{.where = path_,
                      .what = "cannot open the log: " + std::generic_category().message(errno),
                      .expected = "a file that can be appended to",
                      .fix = "check the folder and its permissions"});
}

AccessLog::~AccessLog() {
  if (file_ != STDERR_FILENO) ::close(file_);
}

int AccessLog::open_file() const {
  return ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

void AccessLog::reopen() {
  if (path_ == "-") return;
  const int fresh = open_file();
  if (fresh < 0) {
    return log_failure(path_ +
                       ": cannot open the log again: " + std::generic_category().message(errno));
  }
  const std::lock_guard lock(mutex_);
  ::close(std::exchange(file_, fresh));
}

void AccessLog::write(const AccessEntry& entry) {
  const std::string line = line_of(entry);
  const std::lock_guard lock(mutex_);
  const ssize_t written = ::write(file_, line.data(), line.size());
  const bool failed = written != static_cast<ssize_t>(line.size());
  if (failed && !failed_) {
    log_failure(path_ + ": lines of the log are lost: " + std::generic_category().message(errno));
  }
  failed_ = failed;
}

void log_notice(std::string_view what) { logger().info("{}", log_escaped(what, 4096)); }

void log_failure(std::string_view what) { logger().error("{}", log_escaped(what, 4096)); }

}  // namespace maas
