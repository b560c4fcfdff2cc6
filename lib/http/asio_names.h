// Asio's and Beast's names as http and load use them. Only who includes these anyway includes this.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/fields.hpp>

namespace maas {

namespace net = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using net::ip::tcp;

}  // namespace maas
