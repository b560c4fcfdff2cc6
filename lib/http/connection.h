// One client's connection: from bytes to requests and back, with limits and time-outs. Only the
// listener includes this: Beast and Asio take 20 s to compile.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <chrono>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "http/access_log.h"
#include "http/asio_names.h"
#include "http/exchange.h"
#include "http/head.h"
#include "http/http_config.h"
#include "http/http_counters.h"
#include "http/stand_ins.h"
#include "http/wire.h"

namespace maas {

inline constexpr size_t kKeptBytes = 1024 * 1024;  // larger strings are freed between requests
inline constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

inline int64_t now_ns() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::nanoseconds(now).count();
}
inline int64_t to_ns(double seconds) { return static_cast<int64_t>(seconds * 1e9); }

// A body in a string that grows with what has arrived, not with what was announced.
struct GrowingBody {
  using value_type = std::string;
  class reader {
   public:
    template <bool kRequest, class Fields>
    reader(http::header<kRequest, Fields>&, value_type& body) : body_(body) {}
    void init(const boost::optional<uint64_t>& length, error_code& error) {
      error = {};
      if (length) announced_ = *length;
      make_room(std::min<size_t>(announced_, kKeptBytes));
    }
    template <class Buffers>
    size_t put(const Buffers& buffers, error_code& error) {
      error = {};
      size_t bytes = 0;
      for (auto it = net::buffer_sequence_begin(buffers); it != net::buffer_sequence_end(buffers);
           ++it) {
        const net::const_buffer buffer(*it);
        make_room(body_.size() + buffer.size());
        body_.append(static_cast<const char*>(buffer.data()), buffer.size());
        bytes += buffer.size();
      }
      return bytes;
    }
    void finish(error_code& error) { error = {}; }

   private:
    // Doubles, but not beyond what was announced: nearly all bodies have a length.
    void make_room(size_t bytes) {
      if (bytes + kBodyPadding <= body_.capacity()) return;
      const size_t doubled = std::max(bytes, 2 * body_.capacity());
      body_.reserve(std::max(bytes, std::min(doubled, announced_)) + kBodyPadding);
    }

    value_type& body_;
    size_t announced_ = 0;
  };
};
using Parser = http::request_parser<GrowingBody>;

class Connection;

// What all connections of a listener have in common.
struct ConnectionShared {
  HttpConfig config;
  AccessLog* log = nullptr;  // null: none
  HttpService* service = nullptr;
  HeadLimits limits;
  HeadPolicy policy;
  std::atomic<bool> closing{false};   // every answer is its connection's last
  std::atomic<bool> draining{false};  // closing, and idle connections go
  HttpCounters counters;
  StandIns* stand_ins = nullptr;        // while requests are served
  std::atomic<bool> freed_much{false};  // set when a long string is freed; the listener clears it

  std::mutex mutex;
  std::unordered_map<Connection*, std::weak_ptr<Connection>> connections;
  // Set when a newcomer waits for one of them to go; then on_room() is called once, from anywhere.
  std::atomic<bool> room_wanted{false};
  std::function<void()> on_room;
};

// Lives as long as an operation of it is pending. Its socket's executor is a strand; everything but
// the public functions runs there.
class Connection final : public HttpExchange, public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, std::shared_ptr<ConnectionShared> shared)
      : shared_(std::move(shared)), socket_(std::move(socket)), scanner_(shared_->limits) {}

  ~Connection() override;

  // Before start(): the connection speaks TLS.
  void encrypt(std::shared_ptr<net::ssl::context> context);
  void start();

  void begin(int status, const ReplyHeaders& headers) override;
  void write(std::string bytes) override;
  void end() override;
  std::optional<std::string_view> header(std::string_view name) const override;
  bool client_is_gone() override;
  bool reserve(size_t bytes) override;

  bool is_overdue(int64_t now) const { return deadline_.load(std::memory_order_relaxed) < now; }
  // Since when it waits for a request, of which nothing has arrived; kNever while it does not.
  int64_t idle_since() const { return idle_since_.load(std::memory_order_relaxed); }
  void check_deadline();
  // Closes it if it is idle and nothing has arrived.
  void close_if_idle();

 private:
  enum class Phase { kIdle, kHead, kBody, kServing, kWriting, kLingering, kClosed };

  void in_strand(void (*what)(Connection&));
  void set_deadline(double seconds) { deadline_ = now_ns() + to_ns(seconds); }

  void read_more();

  void on_read(error_code error, size_t count);

  // Goes as far as the bytes in the buffer allow.
  void advance();

  // The head is complete: parses and judges it. False: an answer is on its way.
  bool begin_request();

  void allow_preflight();
  void read_head_fields();

  void shake_hands();
  void say_that_this_is_tls();
  bool say_continue();

  void read_body();
  // Counts `bytes` as held by this connection, instead of those before. False: it does not fit the
  // budget of all; they are counted all the same.
  bool hold(size_t bytes);

  void check_chunk(uint64_t size, std::string_view extensions, error_code& error);
  void set_body_deadline();

  // For requests after which the next one's beginning is not known.
  void refuse(int status, std::string_view message);
  void refuse_as_set();
  void refuse_for_memory();

  void write_response();
  void tell_of_answer();  // counters and logs

  void end_writing();
  void write_encrypted();
  // Straight to the socket, which nearly always takes it all; waits only when it is full.
  void continue_writing();

  std::array<net::const_buffer, 2> pending_output() const;

  void next_request();
  // Long strings go between requests; a client that waits does not keep what it once sent.
  void free_long_strings();
  void advance_if_open();

  // Closing with unread bytes would make the kernel send a reset, and the client could lose the
  // answer; so the client gets a moment to read it and close.
  void linger();

  void close();

  void on_deadline();

  // The pending read owns the buffer, so no lingering: its end would meet a second read.
  void time_out();

  std::shared_ptr<ConnectionShared> shared_;
  tcp::socket socket_;
  std::shared_ptr<net::ssl::context> tls_context_;
  std::optional<net::ssl::stream<tcp::socket&>> tls_;  // absent: plain HTTP
  boost::beast::flat_buffer buffer_;
  HeadScanner scanner_;
  std::optional<Parser> parser_;
  HttpResponse response_;
  Phase phase_ = Phase::kIdle;
  bool refused_ = false;  // by the service; answered once the body is read
  std::atomic<int64_t> deadline_{kNever}, idle_since_{kNever};
  size_t held_ = 0;  // of shared_->buffered
  int64_t begun_ns_ = 0;
  size_t body_bytes_ = 0, chunks_ = 0;
  std::string out_;  // status line and headers
  size_t out_size_ = 0, written_ = 0;
  std::function<void(uint64_t, std::string_view, error_code&)> on_chunk_ =
      [this](uint64_t size, std::string_view extensions, error_code& error) {
        check_chunk(size, extensions, error);
      };
};

}  // namespace maas
