// Reads bytes that may be gzipped, never more than asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace maas {

// Over bytes that the caller keeps alive; gzip (one or more members) is told by its two magic
// bytes, anything else is passed through. Throws Error{kInput} naming `name` and the byte offset
// when the stream is damaged (checksums included) or ends early. Not for several threads at once.
class GzipReader {
 public:
  GzipReader(std::string_view bytes, std::string name);
  ~GzipReader();
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;

  uint64_t read_some(void* out, uint64_t count);  // fewer than count only at the end
  bool at_end();                                  // no byte is left; checks the trailer
  uint64_t offset() const { return offset_; }     // decompressed bytes handed out
  // No more than so many bytes can follow: deflate expands at most 1032 times.
  uint64_t most_bytes_left() const;

 private:
  struct Inflater;
  uint64_t inflate_some(void* out, uint64_t count);

  std::string_view rest_;
  std::string name_;
  uint64_t offset_ = 0;
  std::unique_ptr<Inflater> inflater_;  // null for plain bytes
  int held_byte_ = -1;                  // read ahead by at_end()
};

}  // namespace maas
