// Bodies packed by gzip or deflate (RFC 9110, 8.4.1).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "http/exchange.h"

namespace maas {

enum class ContentCoding { kIdentity, kGzip, kDeflate, kUnknown };

// Of a Content-Encoding header; "" is kIdentity. More than one coding is kUnknown.
ContentCoding content_coding(std::string_view header);
// The one that an Accept-Encoding header likes best, of those that this server packs.
ContentCoding accepted_coding(std::string_view header);

// With at least 64 bytes of readable memory behind it, as bodies have. Throws Error{kInput} for
// what is not whole and well-formed, and for what unpacks to more than `most` bytes: memory is
// taken only as bytes come out. "deflate" is taken with and without zlib's frame, as clients send
// both.
std::string unpacked(std::string_view packed, ContentCoding coding, size_t most);
std::string packed(std::string_view bytes, ContentCoding coding);  // the quickest way

// Replaces a packed body of the exchange by what it stands for.
void unpack_body(HttpExchange& exchange, size_t most);
// Sends `body`, packed where the client accepts it and it has at least `least` bytes.
void send_packed(HttpExchange& exchange, std::string body, ReplyHeaders headers, size_t least);

}  // namespace maas
