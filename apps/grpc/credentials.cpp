#include "credentials.h"

#include <grpc/grpc_security.h>

#include <atomic>
#include <utility>

namespace maas {
namespace {

// grpc::SslServerCredentials() takes texts once; only the C interface asks at each handshake.
class ChangingCredentials final : public grpc::ServerCredentials {
 public:
  explicit ChangingCredentials(std::function<GrpcCertificates()> certificates)
      : certificates_(std::move(certificates)) {
    const auto request = certificates_().client_ca.empty()
                             ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                             : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
    credentials_ = grpc_ssl_server_credentials_create_with_options(
        grpc_ssl_server_credentials_create_options_using_config_fetcher(request, &fetch, this));
  }
  ~ChangingCredentials() override { grpc_server_credentials_release(credentials_); }
  ChangingCredentials(const ChangingCredentials&) = delete;
  ChangingCredentials& operator=(const ChangingCredentials&) = delete;

  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {
  }  // keys are the server's

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  static grpc_ssl_certificate_config_reload_status fetch(
      void* self, grpc_ssl_server_certificate_config** config) {
    auto& own = *static_cast<ChangingCredentials*>(self);
    const GrpcCertificates now = own.certificates_();
    if (own.generation_.exchange(now.generation) == now.generation) {
      return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    }
    const grpc_ssl_pem_key_cert_pair pair{now.key.c_str(), now.certificate.c_str()};
    // gRPC 1.51 aborts without one, also where no client is asked for a certificate.
    const std::string& root = now.client_ca.empty() ? now.certificate : now.client_ca;
    *config = grpc_ssl_server_certificate_config_create(root.c_str(), &pair, 1);
    return *config == nullptr ? GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_FAIL
                              : GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  const std::function<GrpcCertificates()> certificates_;
  std::atomic<uint64_t> generation_{0};
  grpc_server_credentials* credentials_ = nullptr;
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> tls_credentials(
    std::function<GrpcCertificates()> certificates) {
  return std::make_shared<ChangingCredentials>(std::move(certificates));
}

}  // namespace maas
