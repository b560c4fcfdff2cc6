// Bodies packed by gzip or deflate (RFC 9110, 8.4.1).
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "http/exchange.h"

namespace maas {

enum class ContentCoding { kIdentity, kGzip, kDeflate, kUnknown };

// Of a Content-Encoding header; "" is kIdentity. More than one coding is kUnknown.
ContentCoding content_coding(std::string_view header);
// The one that an Accept-Encoding header likes best, of those that this server packs.
ContentCoding accepted_coding(std::string_view header);

// Whether there is room for so many bytes in all.
using RoomFor = std::function<bool(size_t bytes)>;

// With at least 64 bytes of readable memory behind it, as bodies have. gzip may have several
// members in a row; "deflate" is taken with and without zlib's frame, as clients send both. Memory
// is taken only as bytes come out, after `room` (if there is one) agreed. Throws Error{kInput} for
// what is not whole and well-formed; RefusedRequest with 413 for what unpacks to more than `most`
// bytes, or to more than 8 MiB and a hundred times its size, and with 503 where there is no room.
std::string unpacked(std::string_view packed, ContentCoding coding, size_t most,
                     const RoomFor& room = {});
std::string packed(std::string_view bytes, ContentCoding coding);  // the quickest way

// Replaces a packed body of the exchange by what it stands for. Throws what unpacked() does.
void unpack_body(HttpExchange& exchange, size_t most);
// Sends `body`, packed where the client accepts it and it has at least `least` bytes.
void send_packed(HttpExchange& exchange, std::string body, ReplyHeaders headers, size_t least);

}  // namespace maas
