#include "http/wire.h"

#include <charconv>
#include <ctime>
#include <string_view>

namespace maas {
namespace {

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Payload Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "";
  }
}

// "Sun, 06 Nov 1994 08:49:37 GMT", made once a second and thread. Not by strftime: its names of
// days depend on the locale.
std::string_view http_date() {
  static constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
  static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  thread_local std::time_t made_at = -1;
  thread_local char text[30];
  const std::time_t now = std::time(nullptr);
  if (now != made_at) {
    std::tm utc{};
    gmtime_r(&now, &utc);
    const auto digits = [](char* at, int number, int count) {
      for (int i = count - 1; i >= 0; --i, number /= 10)
        at[i] = static_cast<char>('0' + number % 10);
    };
    std::string_view("ddd, 00 mmm 0000 00:00:00 GMT").copy(text, 29);
    kDays.copy(text, 3, static_cast<size_t>(utc.tm_wday) * 3);
    kMonths.copy(text + 8, 3, static_cast<size_t>(utc.tm_mon) * 3);
    digits(text + 5, utc.tm_mday, 2);
    digits(text + 12, utc.tm_year + 1900, 4);
    digits(text + 17, utc.tm_hour, 2);
    digits(text + 20, utc.tm_min, 2);
    digits(text + 23, utc.tm_sec, 2);
    made_at = now;
  }
  return {text, 29};
}

void append_number(std::string& out, size_t number) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

}  // namespace

void make_response_head(const HttpResponse& response, bool for_http_1_0, std::string& out) {
  const ReplyHeaders& headers = response.headers;
  out = "HTTP/1.1 ";
  append_number(out, static_cast<size_t>(response.status));
  out += ' ';
  out += reason_of(response.status);
  out += "\r\nDate: ";
  out += http_date();
  if (!response.body.empty()) {
    out += "\r\nContent-Type: ";
    out += headers.content_type;
  }
  if (response.status != 204) {
    out += "\r\nContent-Length: ";
    append_number(out, response.body.size());
  }
  if (!headers.allow.empty()) out += "\r\nAllow: " + headers.allow;
  if (headers.retry_after_seconds > 0) {
    out += "\r\nRetry-After: ";
    append_number(out, static_cast<size_t>(headers.retry_after_seconds));
  }
  for (const auto& [name, value] : headers.others) {
    out += "\r\n";
    out += name;
    out += ": ";
    out += value;
  }
  if (response.close) {
    out += "\r\nConnection: close";
  } else if (for_http_1_0) {
    out += "\r\nConnection: keep-alive";
  }
  out += "\r\n\r\n";
}

}  // namespace maas
