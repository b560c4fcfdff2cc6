// How an HTTP server listens and what it accepts: a part of `serve:` in a config.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/fields.h"

namespace maas {

// Files in PEM. With a certificate the port speaks TLS and nothing else.
struct TlsConfig {
  InputPath certificate, key, client_ca;

  bool given() const { return !certificate.path.empty(); }
  void describe(Fields& field) {
    field("certificate", certificate)
        .doc("certificate chain in PEM; then the port speaks TLS 1.2 and 1.3 only");
    field("key", key).doc("the certificate's private key in PEM");
    field("client_ca", client_ca)
        .doc("certificate in PEM that vouches for clients; then they must show one (mTLS)");
  }
};

struct HttpConfig {
  std::string host = "127.0.0.1";
  int64_t port = 8000;
  bool insecure = false;
  InputPath keys;
  TlsConfig tls;
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> allowed_origins;

  int64_t max_connections = 10000;
  int64_t max_head_bytes = int64_t{16} * 1024;
  int64_t max_headers = 100;
  int64_t max_target_bytes = int64_t{8} * 1024;
  int64_t max_body_bytes = int64_t{64} << 20;
  int64_t max_buffered_bytes = int64_t{512} << 20;
  int64_t min_body_rate = 1024;

  Quantity header_timeout{10, "s"};
  Quantity idle_timeout{60, "s"};
  Quantity request_timeout{60, "s"};
  Quantity write_timeout{30, "s"};
  Quantity drain_delay{1, "s"};
  Quantity drain_timeout{30, "s"};

  const char* port_option = "--port ";  // what stands before the number that is `port`

  void describe(Fields& field) {
    field("host", host).doc("address to listen on; others than loopback need `keys` or `insecure`");
    field("port", port).between(0, 65535).doc("TCP port; 0 = any free one");
    field("insecure", insecure).doc("listen beyond loopback although requests need no key");
    field("keys", keys)
        .doc(
            "file of API keys, which `maas key` writes; then all requests need one but those for "
            "health, "
            "readiness, /ping and the page");
    field("tls", tls).doc("encryption");
    field("allowed_hosts", allowed_hosts)
        .doc("host names accepted in requests besides those of loopback; * = any");
    field("allowed_origins", allowed_origins)
        .doc(
            "origins of web pages that may send requests besides the server's own, such as "
            "http://localhost:3000; * = any");
    field("max_connections", max_connections)
        .between(1, 1e6)
        .doc(
            "open connections, never above 80% of the open-file limit; beyond it the longest "
            "idle ones make room");
    field("max_head_bytes", max_head_bytes)
        .between(1024, 1 << 20)
        .doc("request line and headers, bytes");
    field("max_headers", max_headers).between(4, 1000).doc("headers of a request");
    field("max_target_bytes", max_target_bytes)
        .between(64, 1 << 16)
        .doc("request target (URI), bytes");
    field("max_body_bytes", max_body_bytes).between(0, int64_t{1} << 31).doc("request body, bytes");
    field("max_buffered_bytes", max_buffered_bytes)
        .at_least(1 << 20)
        .doc(
            "bodies and answers of all connections together; what would go beyond is answered "
            "503");
    field("min_body_rate", min_body_rate)
        .at_least(0)
        .doc("slowest upload in bytes a second, after header_timeout; 0 = any");
    constexpr double kShortest = 0.001, kLongest = 7 * 24 * 3600;
    const auto timeout = [&](const char* name, Quantity& value) -> Field& {
      return field(name, value).in_units({"s"}).between(kShortest, kLongest);
    };
    timeout("header_timeout", header_timeout).doc("first byte to end of headers");
    timeout("idle_timeout", idle_timeout).doc("silence between requests");
    timeout("request_timeout", request_timeout)
        .doc("body upload; and wait in the queue, after which the request is answered 504");
    timeout("write_timeout", write_timeout)
        .doc("a client that takes no byte of its answer for so long is dropped");
    field("drain_delay", drain_delay)
        .in_units({"s"})
        .between(0, kLongest)
        .doc(
            "after a stop signal, keep answering for so long while `ready` is 503 and every "
            "answer asks its client to connect anew");
    field("drain_timeout", drain_timeout)
        .in_units({"s"})
        .between(0, kLongest)
        .doc("then wait at most so long for requests in flight");
  }
};

}  // namespace maas
