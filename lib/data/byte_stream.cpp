#include "data/byte_stream.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/error.h"
#include "base/open_input.h"
#include "base/throw_error.h"

namespace maas {
namespace {

constexpr size_t kMostAtOnce = size_t{1} << 30;  // zlib counts in 31 bits

gzFile handle(void* file) { return static_cast<gzFile>(file); }

}  // namespace

ByteStream::ByteStream(const std::string& path) : name_(path == "-" ? "stdin" : path) {
  const int fd = path == "-" ? ::dup(STDIN_FILENO) : open_to_read(path);
  struct stat info {};
  if (fd >= 0 && ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
    size_ = static_cast<uint64_t>(info.st_size);
  }
  file_ = fd < 0 ? nullptr : ::gzdopen(fd, "rb");
  if (file_ != nullptr) {
    ::gzbuffer(handle(file_), 1 << 17);
    return;
  }
  if (fd >= 0) ::close(fd);
  throw Error(ErrorKind::kResources, {.where = name_,
                                      .what = "cannot be read",
                                      .expected = "a stream of bytes",
                                      .fix = "give a file or a pipe"});
}

ByteStream::~ByteStream() { ::gzclose_r(handle(file_)); }

void ByteStream::throw_interrupted() const {
  throw Error(ErrorKind::kInterrupted, {.where = name_,
                                        .what = "a signal came while it was read",
                                        .expected = "",
                                        .fix = "start it again"});
}

size_t ByteStream::read_more(char* to, size_t size) {
  const int got = ::gzread(handle(file_), to, static_cast<unsigned>(std::min(size, kMostAtOnce)));
  if (got > 0) return static_cast<size_t>(got);
  int status = Z_OK;
  const char* message = ::gzerror(handle(file_), &status);
  if (status == Z_ERRNO) {
    if (errno == EINTR) throw_interrupted();
    throw Error(ErrorKind::kResources,
                {.where = name_,
                 .what = "cannot be read: " + std::generic_category().message(errno),
                 .expected = "",
                 .fix = "check the file"});
  }
  // At the end zlib tells of a stream that is cut by this alone.
  if (got < 0 || status == Z_BUF_ERROR) {
    throw_input(name_,
                status == Z_BUF_ERROR ? std::string("the gzip stream ends early")
                                      : fmt::format("the gzip stream is damaged: {}", message),
                "its end mark and checksum", "fetch or write the file again");
  }
  return 0;
}

std::string ByteStream::first_line(size_t most) {
  constexpr size_t kStep = 4096;
  size_t end = std::string::npos;
  while (end == std::string::npos && ahead_.size() < most) {
    std::string more(kStep, '\0');
    more.resize(read_more(more.data(), more.size()));
    if (more.empty()) break;
    const size_t found = more.find('\n');
    if (found != std::string::npos) end = ahead_.size() + found;
    ahead_ += more;
  }
  return ahead_.substr(0, end == std::string::npos ? end : end + 1);
}

size_t ByteStream::read(char* to, size_t size) {
  if (ahead_.empty()) return read_more(to, size);
  const size_t taken = ahead_.copy(to, size);
  ahead_.erase(0, taken);
  return taken;
}

uint64_t ByteStream::read_bytes() const {
  const auto at = ::gzoffset(handle(file_));
  return at < 0 ? 0 : static_cast<uint64_t>(at);
}

}  // namespace maas
