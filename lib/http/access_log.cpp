#include "http/access_log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace maas {
namespace {

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto found = spdlog::get("maas");
    return found ? found : spdlog::stderr_logger_mt("maas");
  }();
  return *instance;
}

}  // namespace

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

void access_log(const RequestHead& head, const HttpResponse& response, int64_t nanoseconds) {
  if (!logger().should_log(spdlog::level::debug)) return;
  logger().debug("\"{} {}\" {} {} bytes {} us", log_escaped(head.method, 16),
                 log_escaped(head.target), response.status, response.body.size(),
                 nanoseconds / 1000);
}

void log_notice(std::string_view what) { logger().info("{}", log_escaped(what, 4096)); }

void log_failure(std::string_view what) { logger().error("{}", log_escaped(what, 4096)); }

}  // namespace maas
