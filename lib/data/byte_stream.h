// A file or stdin read once from its start, gzipped or not, in constant memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace maas {

// Not for several threads at once.
class ByteStream {
 public:
  // "-" is stdin; else a file or a pipe. Throws as open_to_read() (base/open_input.h) does.
  explicit ByteStream(const std::string& path);
  ~ByteStream();
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  // Fills at most `size` bytes and returns how many; 0 only at the end. Throws Error{kInput} naming
  // the file where its gzip stream is damaged or ends early, Error{kResources} where it cannot be
  // read, and Error{kInterrupted} where a signal with a handler came while it waited.
  size_t read(char* to, size_t size);
  // What comes up to the first line feed and with it, or the first `most` bytes or a few more,
  // without taking it; "" = there is nothing. Throws as read(). Before anything is read.
  std::string first_line(size_t most);

  const std::string& name() const { return name_; }  // "stdin" of "-"
  uint64_t size_bytes() const { return size_; }      // as it lies on disk; 0 = not known
  uint64_t read_bytes() const;                       // of these

 private:
  size_t read_more(char* to, size_t size);
  [[noreturn]] void throw_interrupted() const;

  std::string name_;
  uint64_t size_ = 0;
  std::string ahead_;     // read and not handed out
  void* file_ = nullptr;  // zlib's
};

}  // namespace maas
