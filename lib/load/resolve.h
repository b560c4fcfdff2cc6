// From the name of a host to an address. Only those who include Asio anyway include this.
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include "load/endpoint.h"

namespace maas {

// The address of the host: of several the first that accepts a connection, which is tried for at
// most five seconds, or the first. Throws Error{kResources} when it has none.
boost::asio::ip::tcp::endpoint resolve(const Endpoint& endpoint);

}  // namespace maas
