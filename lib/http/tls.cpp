#include "http/tls.h"

#include <fmt/format.h>
#include <openssl/ssl.h>

#include "base/files.h"
#include "base/throw_error.h"

namespace maas {
namespace {

namespace ssl = boost::asio::ssl;

constexpr int64_t kLargestPem = 1 << 20;

[[noreturn]] void refuse(const char* setting, const InputPath& path, const std::string& what,
                         const std::string& expected) {
  throw_usage(std::string("serve.tls.") + setting, fmt::format("{}: {}", path.path, what), expected,
              "give another file");
}

boost::asio::const_buffer buffer_of(const std::string& text) {
  return boost::asio::buffer(text.data(), text.size());
}

std::shared_ptr<ssl::context> make_context(const TlsConfig& config) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* const raw = context->native_handle();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // An idle connection gives its buffers back.
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
  boost::system::error_code error;
  const std::string certificate = read_file(config.certificate.path, kLargestPem);
  context->use_certificate_chain(buffer_of(certificate), error);
  if (error) {
    refuse("certificate", config.certificate, error.message(),
           "a certificate in PEM, followed by those that vouch for it");
  }
  const std::string key = read_file(config.key.path, kLargestPem);
  context->set_password_callback([](size_t, ssl::context::password_purpose) { return ""; });
  context->use_private_key(buffer_of(key), ssl::context::pem, error);
  if (error) {
    refuse("key", config.key, error.message(),
           "the certificate's private key in PEM, without a password");
  }
  if (SSL_CTX_check_private_key(raw) != 1) {
    refuse("key", config.key, "does not belong to the certificate", "the certificate's key");
  }
  if (config.client_ca.path.empty()) return context;
  const std::string authority = read_file(config.client_ca.path, kLargestPem);
  context->add_certificate_authority(buffer_of(authority), error);
  if (error) {
    refuse("client_ca", config.client_ca, error.message(),
           "the certificate in PEM that vouches for clients");
  }
  context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
  return context;
}

}  // namespace

TlsContext::TlsContext(const TlsConfig& config) : config_(config), context_(make_context(config)) {}

void TlsContext::reload() {
  auto fresh = make_context(config_);
  const std::lock_guard lock(mutex_);
  context_ = std::move(fresh);
}

std::shared_ptr<ssl::context> TlsContext::current() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

}  // namespace maas
