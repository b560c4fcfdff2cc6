// How a connection begins: with a handshake where it is encrypted.
#include <openssl/sslerr.h>

#include <boost/asio/ssl/error.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "http/connection.h"

namespace maas {

void Connection::encrypt(std::shared_ptr<net::ssl::context> context) {
  tls_context_ = std::move(context);
  tls_.emplace(socket_, *tls_context_);
}

// The deadline of the head runs: a client that never ends its handshake is closed as one that never
// ends its head.
void Connection::shake_hands() {
  tls_->async_handshake(
      net::ssl::stream_base::server, [self = shared_from_this()](error_code error) {
        if (self->phase_ == Phase::kClosed) return;
        if (!error) return self->read_more();
        if (ERR_GET_REASON(static_cast<unsigned long>(error.value())) == SSL_R_HTTP_REQUEST) {
          return self->say_that_this_is_tls();
        }
        self->close();
      });
}

void Connection::say_that_this_is_tls() {
  HttpResponse response;
  response.close = true;
  response.set_error({400, "this port speaks TLS; use https"});
  make_response_head(response, false, out_);
  out_ += response.body;
  error_code ignored;
  socket_.write_some(net::buffer(out_), ignored);
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  tls_.reset();  // what the client still sends is discarded as it is
  phase_ = Phase::kLingering;
  set_deadline(2);
  read_more();
}

bool Connection::say_continue() {
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  if (tls_) {
    net::async_write(*tls_, net::buffer(kContinue),
                     [self = shared_from_this()](error_code failed, size_t) {
                       if (failed) self->close();
                     });
    return true;
  }
  error_code error;
  // Fits any fresh send buffer; where it does not, the client is not reading.
  const size_t sent = socket_.write_some(net::buffer(kContinue), error);
  if (error || sent != kContinue.size()) return close(), false;
  return true;
}

}  // namespace maas
