#include "data/gzip_reader.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "base/files.h"
#include "base/throw_error.h"

namespace maas {

struct GzipReader::Inflater {
  z_stream stream{};
  uint64_t compressed_size = 0;
  bool finished = false;
  Inflater() { MAAS_CHECK(inflateInit2(&stream, 15 + 16) == Z_OK); }
  ~Inflater() { inflateEnd(&stream); }
};

namespace {

bool is_gzip(std::string_view bytes) {
  return bytes.size() >= 2 && bytes[0] == '\x1f' && bytes[1] == '\x8b';
}

}  // namespace

GzipReader::GzipReader(std::string_view bytes, std::string name)
    : rest_(bytes), name_(std::move(name)) {
  if (!is_gzip(bytes)) return;
  inflater_ = std::make_unique<Inflater>();
  inflater_->compressed_size = bytes.size();
}

GzipReader::~GzipReader() = default;

uint64_t GzipReader::inflate_some(void* out, uint64_t count) {
  constexpr uint64_t kChunk = uint64_t{1} << 30;  // zlib counts in 32 bits
  z_stream& stream = inflater_->stream;
  auto* to = static_cast<Bytef*>(out);
  uint64_t done = 0;
  while (done < count && !inflater_->finished) {
    const auto in = static_cast<uInt>(std::min<uint64_t>(rest_.size(), kChunk));
    const auto room = static_cast<uInt>(std::min(count - done, kChunk));
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest_.data()));
    stream.avail_in = in;
    stream.next_out = to + done;
    stream.avail_out = room;
    const int status = inflate(&stream, Z_NO_FLUSH);
    rest_.remove_prefix(in - stream.avail_in);
    done += room - stream.avail_out;
    const uint64_t at = inflater_->compressed_size - rest_.size();
    if (status == Z_STREAM_END) {
      inflater_->finished = rest_.empty();
      if (rest_.empty()) continue;
      if (!is_gzip(rest_)) {
        throw_input(name_,
                    fmt::format("{} bytes follow the gzip stream, at byte {}", rest_.size(), at),
                    "the end of the file", "fetch or write the file again");
      }
      inflateReset(&stream);
    } else if (status == Z_BUF_ERROR || (status == Z_OK && rest_.empty() && stream.avail_out > 0)) {
      throw_input(name_, fmt::format("the gzip stream ends early, at byte {}", at),
                  "its end mark and checksum", "fetch or write the file again");
    } else if (status != Z_OK) {
      throw_input(name_,
                  fmt::format("the gzip stream is damaged near byte {}: {}", at,
                              stream.msg ? stream.msg : "bad data"),
                  "", "fetch or write the file again");
    }
  }
  return done;
}

uint64_t GzipReader::read_some(void* out, uint64_t count) {
  if (count == 0) return 0;
  auto* to = static_cast<char*>(out);
  uint64_t done = 0;
  if (held_byte_ >= 0) {
    to[done++] = static_cast<char>(held_byte_);
    held_byte_ = -1;
  }
  if (inflater_) {
    done += inflate_some(to + done, count - done);
  } else {
    const uint64_t taken = std::min<uint64_t>(count - done, rest_.size());
    std::memcpy(to + done, rest_.data(), taken);
    rest_.remove_prefix(taken);
    done += taken;
  }
  offset_ += done;
  return done;
}

bool GzipReader::at_end() {
  if (held_byte_ >= 0) return false;
  if (!inflater_) return rest_.empty();
  unsigned char byte = 0;
  if (inflate_some(&byte, 1) == 0) return true;
  held_byte_ = byte;
  return false;
}

uint64_t GzipReader::most_bytes_left() const {
  constexpr uint64_t kMostExpansion = 1032;
  if (!inflater_) return rest_.size();
  // What inflate() holds back in its window is at most one window and one symbol.
  const uint64_t held_back = uint64_t{1} << 17;
  return rest_.size() > UINT64_MAX / kMostExpansion / 2 ? UINT64_MAX
                                                        : rest_.size() * kMostExpansion + held_back;
}

}  // namespace maas
