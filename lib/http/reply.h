// The answer to one request, as a handler gives it: begin, write, end.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace maas {

struct ReplyHeaders {
  // Of the body, not told without one. The text lives as long as the program.
  std::string_view content_type = "application/json";
  std::string allow = {};       // the methods that there are, with 405
  int retry_after_seconds = 0;  // 0 = not told
  std::vector<std::pair<std::string_view, std::string>> others = {};  // without line ends
};

// What is refused before a handler sees it.
struct HttpRefusal {
  int status = 0;  // 0 = nothing is refused
  std::string message = {};
  ReplyHeaders headers = {};
};

// Thrown where it turns out only while a request is read that it is refused.
class RefusedRequest : public std::exception {
 public:
  explicit RefusedRequest(HttpRefusal refusal) : refusal_(std::move(refusal)) {}
  const HttpRefusal& refusal() const { return refusal_; }
  const char* what() const noexcept override { return refusal_.message.c_str(); }

 private:
  HttpRefusal refusal_;
};

// 503: what the request needs does not fit HttpConfig::max_buffered_bytes beside the others.
HttpRefusal no_memory_refusal();

// An answer as it goes to the client.
struct HttpResponse {
  int status = 200;
  ReplyHeaders headers;
  std::string body;
  bool close = false;  // the connection cannot be used after this answer

  void clear();                         // the body keeps its memory
  void set_error(HttpRefusal refusal);  // error_body() of its message
};

// Once begin(), any number of write(), once end(); from one thread at a time, whichever. A handler
// does not know how its bytes are framed: they are gathered, and leave at end() with their length.
class Reply {
 public:
  virtual ~Reply() = default;

  virtual void begin(int status, const ReplyHeaders& headers) = 0;
  virtual void write(std::string bytes) = 0;  // the first keep their memory, later ones are copied
  virtual void end() = 0;                     // the reply is not touched afterwards

  // A whole answer.
  void send(int status, std::string body, const ReplyHeaders& headers = {});
  void send_error(int status, std::string_view message, const ReplyHeaders& headers = {});
};

// {"error": message}; `message` is escaped.
std::string error_body(std::string_view message);

}  // namespace maas
