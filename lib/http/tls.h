// TLS of a listener: certificate, key and who may connect. Only the listener includes this: Asio's
// SSL takes long to compile.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <mutex>

#include "http/http_config.h"

namespace maas {

// Thread-safe. TLS 1.2 and 1.3; no renegotiation, no compression.
class TlsContext {
 public:
  // Reads the files. Throws Error{kUsage} naming the setting whose file is missing, is no PEM of
  // its kind, or whose key does not belong to the certificate.
  explicit TlsContext(const TlsConfig& config);

  // Reads the files again, for connections from now on; throws as the constructor, and then those
  // before stay.
  void reload();

  std::shared_ptr<boost::asio::ssl::context> current() const;

 private:
  const TlsConfig config_;
  mutable std::mutex mutex_;
  std::shared_ptr<boost::asio::ssl::context> context_;
};

}  // namespace maas
