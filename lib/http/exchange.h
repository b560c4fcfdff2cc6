// A request and its answer, between the listener (bytes) and the service (meaning).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/reply.h"
#include "http/router.h"

namespace maas {

// What a request's line says, and the headers that decide how it is read; strings keep their memory
// from request to request.
struct RequestHead {
  std::string method, target;
  int version = 11;  // 10 or 11
  bool keep_alive = true;
  int header_count = 0;

  int host_count = 0, transfer_encoding_count = 0, content_length_count = 0;
  int content_type_count = 0, origin_count = 0, authorization_count = 0, api_key_count = 0;
  std::string host, transfer_encoding, content_length, content_type, content_encoding, origin,
      expect;

  void clear();
  void add_header(std::string_view name, std::string_view value);

  // Of `target`, once check_head() has passed it: the path without authority and query.
  std::string_view path() const { return std::string_view(target).substr(path_begin, path_size); }
  size_t path_begin = 0, path_size = 0;
  bool cross_origin = false;  // once check_head() has passed it: of a page that may ask, elsewhere
};

// What is found out about a request on its way, for the log.
struct RequestNotes {
  std::string key;  // whose API key
  std::string model, version, id;
  double queue_seconds = 0, compute_seconds = 0;

  void clear() { *this = {}; }
};

// One request on its way through the server. end() writes the answer to the client: exactly once,
// from any thread; the exchange is not touched afterwards.
class HttpExchange : public Reply {
 public:
  // Any header of the request by name, in any case; the first where there are several. The text
  // lives until end().
  virtual std::optional<std::string_view> header(std::string_view name) const = 0;
  // True when the client has closed its side or reset the connection and asked for nothing else
  // before. Of a request that serve() has been given and that is not answered; from any thread.
  virtual bool client_is_gone() = 0;
  // Counts so many bytes as held for this request beside its body, instead of those before, until
  // it is answered. False, and the number before stays: they do not fit
  // HttpConfig::max_buffered_bytes. Of a request that serve() has been given and that is not
  // answered; from one thread at a time.
  virtual bool reserve(size_t bytes) = 0;

  RequestHead head;
  std::string body;  // padded: capacity() >= size() + 64, for the JSON parser
  RouteMatch route;
  RequestNotes notes;        // to be filled when ...
  bool wants_notes = false;  // ... somebody will read them
};

class HttpService {
 public:
  virtual ~HttpService() = default;
  // Called when the headers are complete and sane, before any of the body is read. A refusal (its
  // status is not 0) is the answer, and serve() is not called. The exchange is only looked at.
  virtual HttpRefusal admit(HttpExchange& exchange) = 0;
  // Called with the body complete; sees to it that exchange->end() is called. Whoever keeps the
  // exchange lets go of it before the listener is destroyed.
  virtual void serve(std::shared_ptr<HttpExchange> exchange) = 0;
};

}  // namespace maas
