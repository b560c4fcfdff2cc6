// A request and its answer, between the listener (bytes) and the service (meaning).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/router.h"

namespace maas {

// What a request's line and headers say; strings keep their memory from request to request.
struct RequestHead {
  std::string method, target;
  int version = 11;  // 10 or 11
  bool keep_alive = true;
  bool has_binary_tensors = false;  // announced by Inference-Header-Content-Length
  int header_count = 0;

  int host_count = 0, transfer_encoding_count = 0, content_length_count = 0;
  int content_type_count = 0, origin_count = 0;
  std::string host, transfer_encoding, content_length, content_type, content_encoding, origin,
      expect;

  void clear();
  void add_header(std::string_view name, std::string_view value);

  // Of `target`, once check_head() has passed it: the path without authority and query.
  std::string_view path() const { return std::string_view(target).substr(path_begin, path_size); }
  size_t path_begin = 0, path_size = 0;
};

struct HttpResponse {
  int status = 200;
  std::string body;  // JSON, or empty
  std::string allow;
  int retry_after_seconds = 0;
  bool close = false;  // the connection cannot be used after this answer

  void clear();
  // {"error": message}; `message` is escaped.
  void set_error(int status_code, std::string_view message);
};

// One request on its way through the server.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;
  // Writes `response` to the client: exactly once, from any thread; the exchange is not touched
  // afterwards.
  virtual void send() = 0;
  // True when the client has closed its side or reset the connection and asked for nothing else
  // before. Of a request that serve() has been given and that is not answered; from any thread.
  virtual bool client_is_gone() = 0;

  RequestHead head;
  std::string body;  // padded: capacity() >= size() + 64, for the JSON parser
  RouteMatch route;
  HttpResponse response;
};

class HttpService {
 public:
  virtual ~HttpService() = default;
  // Called when the headers are complete and sane, before any of the body is read. False: the
  // request is refused and exchange.response says why.
  virtual bool admit(HttpExchange& exchange) = 0;
  // Called with the body complete; sees to it that exchange->send() is called. Whoever keeps the
  // exchange lets go of it before the listener is destroyed.
  virtual void serve(std::shared_ptr<HttpExchange> exchange) = 0;
};

}  // namespace maas
