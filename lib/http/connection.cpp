#include "http/connection.h"

#include <sys/socket.h>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>

#include "http/access_log.h"

namespace maas {
namespace {

constexpr size_t kReadBytes = 8 * 1024;
constexpr size_t kBodyReadBytes = 64 * 1024;
constexpr size_t kSkippedBodyBytes = 64 * 1024;  // a refused request's body is read up to this size
constexpr size_t kLongBodyBytes = 128 * 1024;    // text of this size takes a millisecond to read
constexpr size_t kMaxChunks = 65536;
constexpr size_t kMaxChunkExtensionBytes = 1024;
constexpr double kLastChanceSeconds = 1;  // to send a request, while the server stops
constexpr auto kTooManyChunks = http::error::header_limit;  // one that bodies do not have

bool has_bare_line_feed(std::string_view text) {
  for (size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    if (at == 0 || text[at - 1] != '\r') return true;
  }
  return false;
}

}  // namespace

Connection::~Connection() {
  hold(0);
  free_long_strings();
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->connections.erase(this);
  }
  --shared_->counters.connections;
  if (shared_->room_wanted.exchange(false)) shared_->on_room();
}

void Connection::start() {
  error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
  // A connection that says nothing is as suspect as one that says it slowly.
  phase_ = Phase::kHead;
  set_deadline(shared_->draining ? kLastChanceSeconds : shared_->config.header_timeout.value);
  idle_since_ = now_ns();
  in_strand([](Connection& self) { self.tls_ ? self.shake_hands() : self.read_more(); });
}

void Connection::begin(int status, const ReplyHeaders& headers) {
  response_.status = status;
  response_.headers = headers;
}

void Connection::write(std::string bytes) {
  if (response_.body.empty()) {
    response_.body = std::move(bytes);
  } else {
    response_.body += bytes;
  }
}

void Connection::end() {
  net::dispatch(socket_.get_executor(), [self = shared_from_this()] { self->write_response(); });
}

std::optional<std::string_view> Connection::header(std::string_view name) const {
  const auto& message = parser_->get();
  const auto found = message.find(name);
  if (found == message.end()) return std::nullopt;
  return std::string_view(found->value());
}

bool Connection::client_is_gone() {
  char byte = 0;
  const ssize_t got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

// While a request is served nobody else counts what it holds.
bool Connection::reserve(size_t bytes) {
  const size_t before = held_;
  if (hold(body.size() + bytes)) return true;
  hold(before);
  return false;
}

void Connection::check_deadline() {
  in_strand([](Connection& self) { self.on_deadline(); });
}

void Connection::close_if_idle() {
  in_strand([](Connection& self) {
    error_code error;
    if (self.idle_since() == kNever || self.socket_.available(error) > 0) return;
    // The request of a fresh connection is on its way.
    const bool fresh =
        self.phase_ == Phase::kHead && self.idle_since() > now_ns() - to_ns(kLastChanceSeconds);
    fresh ? self.set_deadline(kLastChanceSeconds) : self.close();
  });
}

void Connection::in_strand(void (*what)(Connection&)) {
  net::post(socket_.get_executor(), [self = shared_from_this(), what] { what(*self); });
}

void Connection::read_more() {
  if (phase_ == Phase::kClosed) return;
  const size_t bytes = phase_ == Phase::kBody ? kBodyReadBytes : kReadBytes;
  auto take = [self = shared_from_this()](error_code error, size_t count) {
    self->on_read(error, count);
  };
  if (tls_) {
    tls_->async_read_some(buffer_.prepare(bytes), std::move(take));
  } else {
    socket_.async_read_some(buffer_.prepare(bytes), std::move(take));
  }
}

void Connection::on_read(error_code error, size_t count) {
  if (phase_ == Phase::kClosed) return;
  if (error) return close();
  if (phase_ == Phase::kLingering) return read_more();  // discard: nothing is committed
  idle_since_ = kNever;
  buffer_.commit(count);
  advance();
}

void Connection::advance() {
  if (phase_ == Phase::kIdle) {
    phase_ = Phase::kHead;
    set_deadline(shared_->config.header_timeout.value);
  }
  if (phase_ == Phase::kHead) {
    const auto data = buffer_.cdata();
    const std::string_view bytes(static_cast<const char*>(data.data()), data.size());
    switch (scanner_.scan(bytes)) {
      case HeadScanner::State::kNeedMore:
        return read_more();
      case HeadScanner::State::kRefused:
        return refuse(scanner_.status(), scanner_.message());
      case HeadScanner::State::kComplete:
        break;
    }
    if (!begin_request()) return;
  }
  if (phase_ == Phase::kBody) read_body();
}

bool Connection::begin_request() {
  begun_ns_ = now_ns();
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(shared_->limits.max_head_bytes + 1));
  parser_->body_limit(static_cast<uint64_t>(shared_->config.max_body_bytes));
  body.clear();
  wants_notes = shared_->log != nullptr;
  if (wants_notes) notes.clear();
  parser_->get().body() = std::move(body);
  chunks_ = 0;
  parser_->on_chunk_header(on_chunk_);
  error_code error;
  parser_->put(net::buffer(buffer_.cdata(), scanner_.head_bytes()), error);
  buffer_.consume(scanner_.head_bytes());
  if (error == http::error::body_limit) {
    return refuse(413, "the body is larger than this server takes"), false;
  }
  if (error || !parser_->is_header_done()) return refuse(400, "malformed request head"), false;
  read_head_fields();
  if (const HeadRefusal bad = check_head(head, shared_->policy); bad.status != 0) {
    return refuse(bad.status, bad.message), false;
  }
  if (is_preflight(head, header("Access-Control-Request-Method"))) return allow_preflight(), false;
  HttpRefusal refusal = shared_->service->admit(*this);
  refused_ = refusal.status != 0;
  if (refused_) response_.set_error(std::move(refusal));
  const bool has_body = !parser_->is_done();
  const uint64_t announced = parser_->content_length().value_or(kSkippedBodyBytes + 1);
  if (refused_ && has_body && (announced > kSkippedBodyBytes || !head.expect.empty())) {
    return refuse_as_set(), false;
  }
  // What is announced is not yet held: whoever announces much and sends nothing keeps nobody out.
  const auto most = static_cast<uint64_t>(shared_->config.max_buffered_bytes);
  const auto held = static_cast<uint64_t>(std::max<int64_t>(0, shared_->counters.buffered));
  if (!refused_ && held > 0 && held + parser_->content_length().value_or(0) > most) {
    return refuse_for_memory(), false;
  }
  phase_ = Phase::kBody;
  set_body_deadline();
  if (has_body && !head.expect.empty() && buffer_.size() == 0) return say_continue();
  return true;
}

void Connection::allow_preflight() {
  response_.clear();
  response_.status = 204;
  response_.headers.others = {
      {"Access-Control-Allow-Methods", "GET, HEAD, POST"},
      {"Access-Control-Allow-Headers",
       "Content-Type, Content-Encoding, Authorization, X-Api-Key, Inference-Header-Content-Length, "
       "traceparent"},
      {"Access-Control-Max-Age", "600"}};
  if (!parser_->is_done()) response_.close = true;  // its body is not read
  write_response();
}

void Connection::read_head_fields() {
  head.clear();
  const auto& message = parser_->get();
  head.method = message.method_string();
  head.target = message.target();
  head.version = static_cast<int>(message.version());
  head.keep_alive = message.keep_alive();
  for (const auto& header : message) head.add_header(header.name_string(), header.value());
}

void Connection::read_body() {
  parser_->eager(true);
  while (!parser_->is_done() && buffer_.size() > 0) {
    error_code error;
    const size_t used = parser_->put(buffer_.cdata(), error);
    buffer_.consume(used);
    body_bytes_ += used;
    if (error == http::error::need_more) {
      // What is left is the beginning of a chunk's line or of the trailers. The parser waits for a
      // proper line end however long it takes; and they must fit the buffer as the head must.
      const std::string_view rest(static_cast<const char*>(buffer_.cdata().data()), buffer_.size());
      if (has_bare_line_feed(rest)) return refuse(400, "malformed body");
      if (rest.size() > shared_->limits.max_head_bytes) {
        return refuse(400, "a chunk header or trailer is too long");
      }
      break;
    }
    if (error == http::error::body_limit) {
      return refuse(413, "the body is larger than this server takes");
    }
    if (error == kTooManyChunks) {
      return refuse(400, "too many chunks, or a chunk with too long an extension");
    }
    if (error) return refuse(400, "malformed body");
    if (!refused_ && !hold(body_bytes_)) return refuse_for_memory();
  }
  if (!parser_->is_done()) {
    set_body_deadline();
    return read_more();
  }
  body = std::move(parser_->get().body());
  shared_->counters.bytes_in.fetch_add(body.size(), std::memory_order_relaxed);
  phase_ = Phase::kServing;
  deadline_ = kNever;
  if (refused_) return write_response();
  body.reserve(body.size() + kBodyPadding);  // a request without a body has no reader
  std::optional<LongWork> reading;
  if (body.size() > kLongBodyBytes) reading.emplace(*shared_->stand_ins);
  shared_->service->serve(shared_from_this());
}

void Connection::set_body_deadline() {
  const HttpConfig& config = shared_->config;
  int64_t allowed = to_ns(config.request_timeout.value);
  if (config.min_body_rate > 0) {
    const double paced =
        config.header_timeout.value +
        static_cast<double>(body_bytes_) / static_cast<double>(config.min_body_rate);
    allowed = std::min(allowed, to_ns(paced));
  }
  deadline_ = begun_ns_ + allowed;
}

void Connection::refuse(int status, std::string_view message) {
  response_.clear();
  response_.set_error({status, std::string(message)});
  refuse_as_set();
}

void Connection::refuse_for_memory() {
  response_.clear();
  response_.set_error(no_memory_refusal());
  refuse_as_set();
}

bool Connection::hold(size_t bytes) {
  const auto change = static_cast<int64_t>(bytes) - static_cast<int64_t>(held_);
  if (change == 0) return true;
  held_ = bytes;
  const int64_t all =
      shared_->counters.buffered.fetch_add(change, std::memory_order_relaxed) + change;
  // One request alone always has room: the limit of a single body is another matter.
  return change < 0 || all <= shared_->config.max_buffered_bytes ||
         all == static_cast<int64_t>(held_);
}

void Connection::refuse_as_set() {
  response_.close = true;
  write_response();
}

void Connection::on_deadline() {
  if (!is_overdue(now_ns())) return;
  switch (phase_) {
    case Phase::kHead:
      // A read is still pending: it ends in the lingering that follows the answer.
      if (buffer_.size() == 0) return close();
      begun_ns_ = now_ns();
      return time_out();
    case Phase::kBody:
      return time_out();
    case Phase::kIdle:
    case Phase::kWriting:
    case Phase::kLingering:
      return close();
    case Phase::kServing:
    case Phase::kClosed:
      return;
  }
}

void Connection::check_chunk(uint64_t size, std::string_view extensions, error_code& error) {
  chunks_ += size > 0 ? 1 : 0;  // the last is no chunk but the end
  if (chunks_ > kMaxChunks || extensions.size() > kMaxChunkExtensionBytes) error = kTooManyChunks;
}

}  // namespace maas
