#include "base/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

#include "base/did_you_mean.h"
#include "base/disk_error.h"
#include "base/error.h"
#include "base/open_input.h"
#include "base/shell_word.h"
#include "base/throw_error.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

constexpr int kMostNames = 2000;  // of a folder that are looked at for a suggestion

std::string nearest_in(const fs::path& folder, const std::string& typed) {
  std::vector<std::string> names;
  std::error_code ignored;
  fs::directory_iterator entry(folder.empty() ? "." : folder, ignored);
  while (!ignored && entry != fs::directory_iterator() && names.size() < kMostNames) {
    names.push_back(entry->path().filename().string());
    entry.increment(ignored);
  }
  std::sort(names.begin(), names.end());  // the folder's own order would differ between machines
  return nearest_name(typed, names);
}

// The path that `typed` was probably meant to be: parts that do not exist replaced by the nearest
// name beside them. "" when there is none.
std::string nearest_path(const fs::path& typed) {
  fs::path found;
  std::error_code ignored;
  for (const fs::path& part : typed) {
    if (fs::exists(found / part, ignored)) {
      found /= part;
      continue;
    }
    const std::string near = nearest_in(found, part.string());
    if (near.empty()) return "";
    found /= near;
  }
  return found.string();
}

std::string cannot(const char* doing, int error) {
  return fmt::format("cannot {}: {}", doing, std::generic_category().message(error));
}

[[noreturn]] void throw_unreadable(const fs::path& path, const char* doing, int error) {
  Problem problem{path.string(), cannot(doing, error), "", disk_remedy(error), ""};
  const bool absent = error == ENOENT || error == ENOTDIR;
  if (absent) {
    const std::string near = nearest_path(path);
    if (!near.empty()) problem.what += "; did you mean '" + near + "'?";
    problem.fix = "check the path; relative paths in a config count from the config's folder";
  }
  throw Error(absent ? ErrorKind::kInput : ErrorKind::kResources, problem);
}

[[noreturn]] void throw_unwritable(const fs::path& path, const char* doing, int error) {
  throw Error(ErrorKind::kResources,
              Problem{path.string(), cannot(doing, error), "", disk_remedy(error), ""});
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

// A temporary name beside the file, no longer than the disk takes.
fs::path temporary_name(const fs::path& path) {
  constexpr size_t kMost = 200;
  return folder_of(path) /
         fmt::format(".{}.tmp-{}", path.filename().string().substr(0, kMost), ::getpid());
}

void check_folder(const fs::path& path) {
  const fs::path folder = folder_of(path);
  struct stat info {};
  const int error = ::stat(folder.c_str(), &info) == 0 ? 0 : errno;
  const bool is_absent = error == ENOENT || error == ENOTDIR;
  if (error != 0 && !is_absent) throw_unwritable(path, "create", error);
  if (error == 0 && S_ISDIR(info.st_mode)) return;
  throw Error(ErrorKind::kResources,
              {.where = path.string(),
               .what = fmt::format("cannot create: {} {}", folder.string(),
                                   is_absent ? "does not exist" : "is no folder"),
               .expected = "a file in an existing folder",
               .fix = error == ENOENT ? "make the folder: mkdir -p " + shell_word(folder.string())
                                      : "name a file in a folder"});
}

void replace_all(std::string& text, const std::string& old, const std::string& by) {
  for (size_t at = text.find(old); at != text.npos; at = text.find(old, at + by.size())) {
    text.replace(at, old.size(), by);
  }
}

// What was said of the file under its temporary name, said of the one that the user named.
[[noreturn]] void throw_renamed(const Error& error, const fs::path& temporary,
                                const fs::path& path) {
  std::vector<Problem> problems = error.problems();
  for (Problem& problem : problems) {
    for (std::string* part : {&problem.where, &problem.what, &problem.expected, &problem.fix}) {
      replace_all(*part, temporary.string(), path.string());
    }
  }
  throw Error(error.kind(), problems);
}

int open_at_once(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) throw_unreadable(path, "open", errno);
  return fd;
}

uint64_t regular_file_size(const fs::path& path, int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) throw_unreadable(path, "inspect", errno);
  if (!S_ISREG(info.st_mode)) {
    throw_input(path.string(), S_ISDIR(info.st_mode) ? "is a folder" : "is not a regular file",
                "a file", "name a file");
  }
  return static_cast<uint64_t>(info.st_size);
}

// The first `size` bytes, or as many as there are. Returns how many.
uint64_t read_up_to(const fs::path& path, int fd, char* to, uint64_t size) {
  uint64_t done = 0;
  while (done < size) {
    const ssize_t got = ::read(fd, to + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_unreadable(path, "read", errno);
    if (got == 0) break;
    done += static_cast<uint64_t>(got);
  }
  return done;
}

}  // namespace

int open_to_read(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    throw_input(path.string(), "is a folder", "a file", "name a file");
  }
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw_unreadable(path, "open", errno);
  return fd;
}

std::string read_file(const fs::path& path, int64_t max_bytes) {
  const Descriptor file(open_at_once(path));
  const uint64_t size = regular_file_size(path, file.get());
  if (size > static_cast<uint64_t>(max_bytes)) {
    throw_input(path.string(), fmt::format("holds {} bytes", size),
                fmt::format("at most {}", max_bytes));
  }
  std::string bytes(size, '\0');
  bytes.resize(read_up_to(path, file.get(), bytes.data(), size));
  return bytes;
}

void sync_to_disk(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) throw_unwritable(path, "open", errno);
  if (::fsync(file.get()) != 0) throw_unwritable(path, "write to disk", errno);
}

void check_replaceable(const fs::path& path) {
  std::error_code failed;
  const fs::file_status status = fs::status(path, failed);
  if (failed.value() == ENAMETOOLONG) throw_unwritable(path, "create", ENAMETOOLONG);
  check_folder(path);
  if (!fs::is_other(status)) return;
  throw Error(ErrorKind::kUsage, {.where = path.string(),
                                  .what = "is no regular file but a device or a pipe",
                                  .expected = "a file to replace, or a name that nothing has",
                                  .fix = "name another output"});
}

void write_file_atomically(const fs::path& path,
                           const std::function<void(const fs::path&)>& write) {
  check_replaceable(path);
  const fs::path temporary = temporary_name(path);
  try {
    write(temporary);
    sync_to_disk(temporary);
    if (::rename(temporary.c_str(), path.c_str()) != 0)
      throw_unwritable(path, "rename into", errno);
  } catch (const Error& error) {
    ::unlink(temporary.c_str());
    throw_renamed(error, temporary, path);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_to_disk(folder_of(path));
}

void write_file_atomically(const fs::path& path, std::string_view bytes) {
  write_file_atomically(path, [&](const fs::path& temporary) {
    const Descriptor file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (file.get() < 0) throw_unwritable(path, "create", errno);
    size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t put = ::write(file.get(), bytes.data() + done, bytes.size() - done);
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) throw_unwritable(path, "write", errno);
      done += static_cast<size_t>(put);
    }
  });
}

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  MAAS_CHECK(
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) == 1);
  std::string hex;
  for (unsigned int i = 0; i < length; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

std::string sha256_hex_of_file(const fs::path& path) {
  return sha256_hex(MappedFile(path).bytes());
}

MappedFile::MappedFile(const fs::path& path, FilePages pages) {
  const Descriptor file(open_at_once(path));
  size_ = regular_file_size(path, file.get());
  if (size_ == 0) return;
  const bool own = pages == FilePages::kOwn;
  void* where =
      own ? ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
          : ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (where == MAP_FAILED) throw_unreadable(path, own ? "keep in memory" : "map", errno);
  data_ = static_cast<const char*>(where);
  if (!own) return;
  try {
    const uint64_t read = read_up_to(path, file.get(), static_cast<char*>(where), size_);
    if (read == size_) return;
    throw_input(path.string(), fmt::format("ends after {} bytes", read),
                fmt::format("the {} that it had a moment ago", size_),
                "it is being written; write to another name and rename it");
  } catch (...) {
    ::munmap(where, size_);
    throw;
  }
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<char*>(data_), size_);
}

}  // namespace maas
