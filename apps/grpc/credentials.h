// TLS of the port, with certificates that can change.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <functional>
#include <memory>

#include "serve/grpc/module.h"

namespace maas {

// gRPC's defaults otherwise: TLS 1.2 and 1.3. With a client_ca clients must show a certificate that
// it vouches for. To be kept as long as the server: it is asked at each handshake.
std::shared_ptr<grpc::ServerCredentials> tls_credentials(
    std::function<GrpcCertificates()> certificates);

}  // namespace maas
