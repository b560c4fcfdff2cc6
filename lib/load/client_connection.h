// One connection of a client under load. Only run_load.cpp includes this: Beast and Asio take long
// to compile.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "http/asio_names.h"

namespace maas {

// A body that is counted and not kept, however long it is.
struct CountedBody {
  using value_type = uint64_t;
  class reader {
   public:
    template <bool kRequest, class Fields>
    reader(http::header<kRequest, Fields>&, value_type& bytes) : bytes_(bytes) {}
    static void init(const boost::optional<uint64_t>&, error_code& error) { error = {}; }
    template <class Buffers>
    size_t put(const Buffers& buffers, error_code& error) {
      error = {};
      const size_t size = net::buffer_size(buffers);
      bytes_ += size;
      return size;
    }
    static void finish(error_code& error) { error = {}; }

   private:
    value_type& bytes_;
  };
};

struct AnswerSeen {
  int status = 0;                 // 0: none
  const char* failure = nullptr;  // why not
  uint64_t bytes = 0;
};

// Opened when the first request is to be sent, and again after it was closed. Everything on one
// thread.
class ClientConnection final : public std::enable_shared_from_this<ClientConnection> {
 public:
  using OnAnswer = std::function<void(ClientConnection&, const AnswerSeen&)>;

  ClientConnection(net::io_context& io, tcp::endpoint server, uint64_t most_bytes,
                   OnAnswer on_answer)
      : socket_(io),
        server_(std::move(server)),
        most_bytes_(most_bytes),
        on_answer_(std::move(on_answer)) {}

  // When no request is under way. `request` outlives it; on_answer is called once, not within.
  void ask(const std::string& request);
  void give_up(const char* why);  // the request that is under way fails
  bool is_asking() const { return asking_; }

  int64_t intended_ns = 0;  // for whoever asks

 private:
  void expect_answer();
  void connect();
  void write(size_t written);
  void read();
  void parse(error_code read_error);
  void end(const AnswerSeen& seen);
  void close();
  // Of a handler: whether it belongs to a request that has ended since.
  bool is_stale(uint64_t number) const { return number != number_ || !asking_; }

  tcp::socket socket_;
  const tcp::endpoint server_;
  const uint64_t most_bytes_;
  const OnAnswer on_answer_;
  boost::beast::flat_buffer buffer_;
  std::optional<http::response_parser<CountedBody>> parser_;
  const std::string* request_ = nullptr;
  uint64_t number_ = 0;  // of the request
  bool asking_ = false;
};

}  // namespace maas
