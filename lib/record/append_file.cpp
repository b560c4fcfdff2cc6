#include "record/append_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "base/error.h"

namespace maas {

AppendFile::AppendFile(const std::filesystem::path& path, OpenAs how) {
  const int flags = how == OpenAs::kNew ? O_EXCL : how == OpenAs::kEmptied ? O_TRUNC : 0;
  descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | flags, 0666);
  if (descriptor_ < 0) {
    throw Error(ErrorKind::kResources,
                Problem{.where = path.string(),
                        .what = "cannot open the file: " + std::system_category().message(errno),
                        .expected = "a writable folder",
                        .fix = "choose another output folder"});
  }
  size_ = ::lseek(descriptor_, 0, SEEK_END);
}

AppendFile::AppendFile(AppendFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_) {}

AppendFile::~AppendFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool AppendFile::append(std::string_view bytes) noexcept {
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const ssize_t count = ::write(descriptor_, rest.data(), rest.size());
    if (count > 0) {
      rest.remove_prefix(static_cast<size_t>(count));
    } else if (count == 0 || errno != EINTR) {
      // Should even this fail (a broken device), readers meet half a record and stop there.
      if (size_ >= 0 && ::ftruncate(descriptor_, size_) != 0) return false;
      return false;
    }
  }
  size_ += static_cast<int64_t>(bytes.size());
  return true;
}

}  // namespace maas
