#include "http/reply.h"

#include <utility>

#include "base/json_writer.h"

namespace maas {

std::string error_body(std::string_view message) {
  return "{\"error\":" + json_quote(message) + "}";
}

HttpRefusal no_memory_refusal() {
  return {503,
          "what this server holds for its clients leaves no room for this request; try again",
          {.retry_after_seconds = 1}};
}

void HttpResponse::clear() {
  status = 200;
  headers = {};
  body.clear();
  close = false;
}

void HttpResponse::set_error(HttpRefusal refusal) {
  status = refusal.status;
  headers = std::move(refusal.headers);
  body = error_body(refusal.message);
}

void Reply::send(int status, std::string body, const ReplyHeaders& headers) {
  begin(status, headers);
  write(std::move(body));
  end();
}

void Reply::send_error(int status, std::string_view message, const ReplyHeaders& headers) {
  send(status, error_body(message), headers);
}

}  // namespace maas
