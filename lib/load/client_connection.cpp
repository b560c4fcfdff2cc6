#include "load/client_connection.h"

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

namespace maas {
namespace {

constexpr size_t kReadBytes = 64 << 10;
constexpr uint32_t kMostHeadBytes = 64 * 1024;

}  // namespace

void ClientConnection::ask(const std::string& request) {
  request_ = &request;
  asking_ = true;
  ++number_;
  expect_answer();
  socket_.is_open() ? write(0) : connect();
}

void ClientConnection::expect_answer() {
  parser_.emplace();
  parser_->header_limit(kMostHeadBytes);
  parser_->body_limit(most_bytes_);
  parser_->eager(true);
  parser_->get().body() = 0;
}

void ClientConnection::connect() {
  socket_.async_connect(server_, [self = shared_from_this(), number = number_](error_code error) {
    if (self->is_stale(number)) return;
    if (error) return self->end({.failure = "not connected"});
    self->socket_.set_option(tcp::no_delay(true), error);
    self->socket_.non_blocking(true, error);
    self->write(0);
  });
}

// Straight to the socket, which nearly always takes it all.
void ClientConnection::write(size_t written) {
  error_code error;
  while (written < request_->size() && !error) {
    written += socket_.write_some(
        net::buffer(request_->data() + written, request_->size() - written), error);
  }
  if (!error) return read();
  if (error != net::error::would_block) {
    // A refusal may have come before the whole request was sent; reading tells.
    return read();
  }
  socket_.async_wait(tcp::socket::wait_write,
                     [self = shared_from_this(), number = number_, written](error_code failed) {
                       if (self->is_stale(number)) return;
                       failed ? self->end({.failure = "closed"}) : self->write(written);
                     });
}

void ClientConnection::read() {
  socket_.async_read_some(
      buffer_.prepare(kReadBytes),
      [self = shared_from_this(), number = number_](error_code error, size_t count) {
        if (self->is_stale(number)) return;
        self->buffer_.commit(count);
        self->parse(error);
      });
}

void ClientConnection::parse(error_code read_error) {
  error_code error;
  while (!parser_->is_done() && buffer_.size() > 0 && !error) {
    buffer_.consume(parser_->put(buffer_.cdata(), error));
    // Before the answer there may be others, such as 103 Early Hints (RFC 9110, 15.2).
    if (parser_->is_done() && parser_->get().result_int() / 100 == 1) expect_answer();
  }
  if (error == http::error::need_more) error = {};
  if (!error && !parser_->is_done() && read_error == net::error::eof && parser_->got_some()) {
    parser_->put_eof(error);  // the end of an answer without a length
    if (error) return end({.failure = "closed in the middle of an answer"});
  }
  if (error == http::error::body_limit || error == http::error::header_limit) {
    return end({.failure = "too large an answer"});
  }
  if (error) return end({.failure = "no HTTP"});
  if (parser_->is_done()) {
    return end(
        {.status = static_cast<int>(parser_->get().result_int()), .bytes = parser_->get().body()});
  }
  if (read_error) {
    return end({.failure = parser_->got_some() ? "closed in the middle of an answer" : "closed"});
  }
  read();
}

void ClientConnection::give_up(const char* why) {
  if (asking_) end({.failure = why});
}

void ClientConnection::end(const AnswerSeen& seen) {
  // What comes behind an answer was not asked for: where the next one begins is not known.
  const bool stays = seen.status != 0 && parser_->get().keep_alive() && buffer_.size() == 0;
  asking_ = false;
  if (!stays) close();
  on_answer_(*this, seen);
}

void ClientConnection::close() {
  error_code ignored;
  socket_.close(ignored);
  buffer_.clear();
}

}  // namespace maas
