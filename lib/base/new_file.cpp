#include "base/new_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace maas {

NewFile::NewFile(std::filesystem::path path)
    : path_(std::move(path)),
      fd_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
  if (fd_ < 0) fail("create", errno);
}

NewFile::~NewFile() {
  if (fd_ >= 0) ::close(fd_);
}

void NewFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd_, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail("write", errno);
    bytes.remove_prefix(static_cast<size_t>(put));
  }
}

void NewFile::close() {
  if (::close(std::exchange(fd_, -1)) != 0) fail("close", errno);
}

void NewFile::fail(const char* doing, int error) const {
  throw Error(ErrorKind::kResources,
              {.where = path_.string(),
               .what = fmt::format("cannot {}: {}", doing, std::strerror(error)),
               .expected = "",
               .fix = "check the disk space and permissions"});
}

}  // namespace maas
