// A server whose every connection is handled by a function on a thread of its own: well or badly.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "load/endpoint.h"

namespace maas {

// What a client sent, request by request; blocks. "" at the end of the connection.
class RawConnection {
 public:
  explicit RawConnection(int socket) : socket_(socket) {}

  // Head and body of the next request.
  std::string request() {
    size_t end = 0;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) return "";
    }
    const size_t length = received_.find("Content-Length: ");
    size_t size = end + 4;
    if (length < end) size += std::stoul(received_.substr(length + 16));
    while (received_.size() < size) {
      if (!fill()) return "";
    }
    std::string one = received_.substr(0, size);
    received_.erase(0, size);
    return one;
  }

  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

 private:
  bool fill() {
    char bytes[4096];
    const ssize_t got = ::recv(socket_, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    received_.append(bytes, static_cast<size_t>(got));
    return true;
  }

  const int socket_;
  std::string received_;
};

class RawServer {
 public:
  using Handle = std::function<void(RawConnection&)>;

  explicit RawServer(Handle handle)
      : handle_(std::move(handle)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size);
    ::listen(listener_, 128);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    endpoint.host = "127.0.0.1";
    endpoint.port = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept(); });
  }

  ~RawServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
    for (const int socket : sockets_) ::close(socket);
    ::close(listener_);
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  Endpoint endpoint;

 private:
  void accept() {
    while (true) {
      const int socket = ::accept(listener_, nullptr, nullptr);
      if (socket < 0) return;
      const std::lock_guard lock(mutex_);
      sockets_.push_back(socket);
      threads_.emplace_back([this, socket] {
        RawConnection connection(socket);
        handle_(connection);
        ::shutdown(socket, SHUT_RDWR);
      });
    }
  }

  const Handle handle_;
  const int listener_;
  std::mutex mutex_;
  std::vector<int> sockets_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

inline std::string answer_with(const std::string& body, const std::string& status = "200 OK") {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

// Answers every request with `answer`.
inline RawServer::Handle always(const std::string& answer) {
  return [answer](RawConnection& connection) {
    while (!connection.request().empty() && connection.send(answer)) {
    }
  };
}

}  // namespace maas
