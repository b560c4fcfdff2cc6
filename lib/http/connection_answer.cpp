// The way of an answer to its client, and of a connection to its end.
#include <boost/asio/dispatch.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "http/access_log.h"
#include "http/connection.h"

namespace maas {
namespace {

constexpr double kLingerSeconds = 2;

}  // namespace

void Connection::write_response() {
  if (phase_ == Phase::kClosed) return;
  if (shared_->closing || !head.keep_alive) response_.close = true;
  if (head.cross_origin) {
    auto& others = response_.headers.others;
    others.emplace_back("Access-Control-Allow-Origin", head.origin);
    others.emplace_back("Access-Control-Expose-Headers", "Inference-Header-Content-Length");
    others.emplace_back("Vary", "Origin");
  }
  const bool with_body = head.method != "HEAD";
  make_response_head(response_, head.version == 10, out_);
  hold(body.size() + response_.body.size());
  tell_of_answer();
  phase_ = Phase::kWriting;
  written_ = 0;
  out_size_ = out_.size() + (with_body ? response_.body.size() : 0);
  continue_writing();
}

void Connection::tell_of_answer() {
  HttpCounters& counters = shared_->counters;
  const auto status = static_cast<size_t>(response_.status);
  if (status < counters.answers.size()) {
    counters.answers[status].fetch_add(1, std::memory_order_relaxed);
  }
  counters.bytes_out.fetch_add(response_.body.size(), std::memory_order_relaxed);
  const int64_t taken = now_ns() - begun_ns_;
  debug_log(head, response_, taken);
  if (shared_->log == nullptr) return;
  error_code ignored;
  const auto peer = socket_.remote_endpoint(ignored);
  const auto trace = parser_ ? header("traceparent") : std::nullopt;
  shared_->log->write({head, response_.status, response_.body.size(), notes,
                       ignored ? "" : peer.address().to_string(), std::string(trace.value_or("")),
                       body.size(), taken});
}

void Connection::write_encrypted() {
  set_deadline(shared_->config.write_timeout.value);
  net::async_write(*tls_, pending_output(), [self = shared_from_this()](error_code error, size_t) {
    if (self->phase_ == Phase::kClosed) return;
    error ? self->close() : self->end_writing();
  });
}

void Connection::end_writing() { response_.close ? linger() : next_request(); }

void Connection::continue_writing() {
  if (tls_) return write_encrypted();
  while (written_ < out_size_) {
    error_code error;
    written_ += socket_.write_some(pending_output(), error);
    if (error == net::error::would_block) {
      set_deadline(shared_->config.write_timeout.value);
      socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](error_code failed) {
        if (self->phase_ == Phase::kClosed) return;
        failed ? self->close() : self->continue_writing();
      });
      return;
    }
    if (error) return close();
  }
  end_writing();
}

std::array<net::const_buffer, 2> Connection::pending_output() const {
  const size_t head_left = out_.size() - std::min(written_, out_.size());
  const size_t body_done = written_ - std::min(written_, out_.size());
  const size_t body_left = out_size_ - out_.size() - body_done;
  return {net::const_buffer(out_.data() + out_.size() - head_left, head_left),
          net::const_buffer(response_.body.data() + body_done, body_left)};
}

void Connection::next_request() {
  free_long_strings();
  hold(0);
  parser_.reset();
  scanner_.reset();
  body_bytes_ = 0;
  head.clear();  // what refuses the next request must not go by this one's method and version
  response_.clear();
  if (shared_->draining && buffer_.size() == 0) return close();
  phase_ = Phase::kIdle;
  set_deadline(shared_->config.idle_timeout.value);
  if (buffer_.size() > 0) return in_strand([](Connection& self) { self.advance_if_open(); });
  idle_since_ = now_ns();
  buffer_.shrink_to_fit();
  read_more();
}

void Connection::free_long_strings() {
  for (std::string* text : {&body, &response_.body, parser_ ? &parser_->get().body() : nullptr}) {
    if (text == nullptr || text->capacity() <= kKeptBytes) continue;
    *text = std::string();
    shared_->freed_much = true;
  }
}

void Connection::advance_if_open() {
  if (phase_ != Phase::kClosed) advance();
}

void Connection::linger() {
  free_long_strings();
  hold(0);
  phase_ = Phase::kLingering;
  buffer_.clear();
  set_deadline(kLingerSeconds);
  if (tls_) {
    // Says that nothing more comes, and waits for the client to say so too.
    tls_->async_shutdown([self = shared_from_this()](error_code) { self->close(); });
    return;
  }
  error_code error;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  if (error) return close();
  read_more();
}

void Connection::close() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  deadline_ = idle_since_ = kNever;
  error_code ignored;
  socket_.close(ignored);
}

void Connection::time_out() {
  if (tls_) return close();  // a read is pending, and an answer would need one of its own
  response_.clear();
  response_.set_error({408, "the request did not arrive in time"});
  response_.close = true;
  head.version = 11;
  make_response_head(response_, false, out_);
  out_ += response_.body;
  tell_of_answer();
  error_code ignored;
  socket_.write_some(net::buffer(out_), ignored);
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  free_long_strings();
  hold(0);
  phase_ = Phase::kLingering;
  set_deadline(kLingerSeconds);
}

}  // namespace maas
