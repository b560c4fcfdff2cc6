#include "serve/page/routes.h"

#include "http/content_coding.h"
#include "http/exchange.h"
#include "serve/page/assets.h"

namespace maas {
namespace {

Route asset(std::string_view path, std::string_view type, std::string_view bytes, RouteDoc doc) {
  return {"GET",
          path,
          RouteScope::kPublic,
          [type, bytes](const std::shared_ptr<HttpExchange>& exchange) {
            ReplyHeaders headers;
            headers.content_type = type;
            headers.others = {
                {"Content-Security-Policy",
                 "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                 "img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; "
                 "frame-ancestors 'none'"},
                {"X-Content-Type-Options", "nosniff"},
                {"Referrer-Policy", "no-referrer"},
                {"Cache-Control", "no-cache"}};
            send_packed(*exchange, std::string(bytes), std::move(headers), 1024);
          },
          {},
          doc};
}

}  // namespace

std::vector<Route> page_routes() {
  return {asset("/", "text/html; charset=utf-8", kPageHtml, {"A page to try the models on"}),
          asset("/page.css", "text/css; charset=utf-8", kPageStyle, {}),
          asset("/page.js", "text/javascript; charset=utf-8", kPageScript, {})};
}

}  // namespace maas
