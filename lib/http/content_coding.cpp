#include "http/content_coding.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <new>
#include <utility>

#include "base/throw_error.h"
#include "http/head.h"
#include "http/wire.h"

namespace maas {
namespace {

constexpr int kGzipFrame = 16 + MAX_WBITS;
constexpr int kZlibFrame = MAX_WBITS;
constexpr int kNoFrame = -MAX_WBITS;
constexpr size_t kFirstBytes = 64 << 10;
constexpr size_t kUnpackedFreely = 8 << 20;
constexpr size_t kMostUnpackedRatio = 100;
constexpr size_t kMostMembers = 65536;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view take_until(std::string_view& text, char end) {
  const size_t size = std::min(text.find(end), text.size());
  const std::string_view part = text.substr(0, size);
  text.remove_prefix(std::min(size + 1, text.size()));
  return trimmed(part);
}

[[noreturn]] void refuse_damaged() {
  throw_input("body", "is not what its Content-Encoding says",
              "whole streams of gzip, or one of deflate");
}

// So that a few bytes do not keep a worker for long: what deflate makes of text or of a tensor's
// values is far below this.
size_t most_of(size_t packed, size_t most) {
  return std::min(most, std::max(kUnpackedFreely, kMostUnpackedRatio * packed));
}

[[noreturn]] void refuse_large(size_t allowed, size_t most) {
  throw RefusedRequest(
      {413,
       allowed < most
           ? fmt::format("the body unpacks to more than {} bytes, which is over {} times its size; "
                         "send it unpacked",
                         allowed, kMostUnpackedRatio)
           : fmt::format("the body unpacks to more than {} bytes, the most that this server takes",
                         most)});
}

class Inflater {
 public:
  Inflater(std::string_view packed, int frame) : many_(frame == kGzipFrame) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream_.avail_in = static_cast<uInt>(packed.size());
    if (inflateInit2(&stream_, frame) != Z_OK) throw std::bad_alloc();
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Appends to `out` up to `size` bytes. False: the end, of all members.
  bool fill(std::string& out, size_t size) {
    const size_t begin = out.size();
    out.resize(size);
    stream_.next_out = reinterpret_cast<Bytef*>(out.data() + begin);
    stream_.avail_out = static_cast<uInt>(size - begin);
    bool more = true;
    while (more && stream_.avail_out > 0) more = step();
    out.resize(size - stream_.avail_out);
    return more;
  }

 private:
  bool step() {
    const int state = inflate(&stream_, Z_NO_FLUSH);
    if (state == Z_MEM_ERROR) throw std::bad_alloc();
    if (state == Z_OK && (stream_.avail_in > 0 || stream_.avail_out == 0)) return true;
    if (state != Z_STREAM_END) refuse_damaged();  // or it ends too early
    if (stream_.avail_in == 0) return false;
    if (!many_ || ++members_ > kMostMembers) refuse_damaged();
    inflateReset(&stream_);
    return true;
  }

  z_stream stream_{};
  const bool many_;  // gzip may have several members in a row (RFC 1952, 2.2)
  size_t members_ = 1;
};

std::string inflate_all(std::string_view packed, int frame, size_t most, const RoomFor& room) {
  const size_t allowed = most_of(packed.size(), most);
  Inflater inflater(packed, frame);
  std::string out;
  bool more = true;
  while (more) {
    if (out.size() > allowed) refuse_large(allowed, most);
    const size_t size = std::min(std::max(kFirstBytes, 3 * out.size()), allowed + 1);
    if (room && !room(out.size() + size + kBodyPadding)) throw RefusedRequest(no_memory_refusal());
    out.reserve(size + kBodyPadding);
    more = inflater.fill(out, size);
  }
  if (out.size() > allowed) refuse_large(allowed, most);
  return out;
}

}  // namespace

ContentCoding content_coding(std::string_view header) {
  const std::string_view name = trimmed(header);
  if (name.empty() || same_ignoring_case(name, "identity")) return ContentCoding::kIdentity;
  if (same_ignoring_case(name, "gzip") || same_ignoring_case(name, "x-gzip")) {
    return ContentCoding::kGzip;
  }
  return same_ignoring_case(name, "deflate") ? ContentCoding::kDeflate : ContentCoding::kUnknown;
}

ContentCoding accepted_coding(std::string_view header) {
  bool deflate = false;
  while (!header.empty()) {
    std::string_view entry = take_until(header, ',');
    const ContentCoding coding = content_coding(take_until(entry, ';'));
    std::string_view weight = trimmed(entry);
    const bool refused = weight.starts_with("q=") &&
                         weight.substr(2).find_first_not_of("0.") == std::string_view::npos;
    if (refused) continue;
    if (coding == ContentCoding::kGzip) return coding;
    deflate = deflate || coding == ContentCoding::kDeflate;
  }
  return deflate ? ContentCoding::kDeflate : ContentCoding::kIdentity;
}

std::string unpacked(std::string_view packed, ContentCoding coding, size_t most,
                     const RoomFor& room) {
  if (coding == ContentCoding::kGzip) return inflate_all(packed, kGzipFrame, most, room);
  // zlib's frame begins with 8 for deflate, and both its bytes together divide by 31.
  const bool framed =
      packed.size() >= 2 && (packed[0] & 0x0f) == 8 &&
      (static_cast<unsigned char>(packed[0]) * 256 + static_cast<unsigned char>(packed[1])) % 31 ==
          0;
  return inflate_all(packed, framed ? kZlibFrame : kNoFrame, most, room);
}

std::string packed(std::string_view bytes, ContentCoding coding) {
  z_stream stream{};
  const int frame = coding == ContentCoding::kGzip ? kGzipFrame : kZlibFrame;
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, frame, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

void unpack_body(HttpExchange& exchange, size_t most) {
  const ContentCoding coding = content_coding(exchange.head.content_encoding);
  if (coding == ContentCoding::kIdentity) return;
  exchange.body =
      unpacked(exchange.body, coding, most, [&](size_t bytes) { return exchange.reserve(bytes); });
  exchange.reserve(0);
}

void send_packed(HttpExchange& exchange, std::string body, ReplyHeaders headers, size_t least) {
  if (body.size() >= least) {
    const ContentCoding coding = accepted_coding(exchange.header("Accept-Encoding").value_or(""));
    if (coding != ContentCoding::kIdentity) {
      headers.others.emplace_back("Content-Encoding",
                                  coding == ContentCoding::kGzip ? "gzip" : "deflate");
      body = packed(body, coding);
    }
  }
  exchange.send(200, std::move(body), headers);
}

}  // namespace maas
