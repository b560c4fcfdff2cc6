#include "record/run_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/throw_error.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

// What only the disk or another process can mend.
[[noreturn]] void fail(ErrorKind kind, const fs::path& path, const std::string& what,
                       const std::string& expected, const std::string& fix) {
  throw Error(kind, {.where = path.string(), .what = what, .expected = expected, .fix = fix});
}

fs::path choose(const RunFolderOptions& options) {
  if (!options.folder.empty()) return options.folder;
  fs::path path = fs::path("runs") / options.name;
  for (int i = 2; !options.resume && !options.force && holds_run(path); ++i) {
    path = fs::path("runs") / fmt::format("{}-{}", options.name, i);
  }
  return path;
}

void set_aside(const fs::path& path) {
  fs::path old;
  for (int i = 1; old.empty() || fs::exists(old); ++i) old = path / fmt::format(".old-{}", i);
  fs::create_directories(old);
  for (const auto& entry : fs::directory_iterator(path)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind(".old-", 0) != 0 && name != ".lock") fs::rename(entry.path(), old / name);
  }
}

}  // namespace

bool holds_run(const fs::path& folder) {
  for (const char* name : {"resolved.yaml", "checkpoints"}) {
    std::error_code error;
    if (fs::exists(folder / name, error)) return true;
    if (error) {
      fail(ErrorKind::kResources, folder, "cannot be looked into: " + error.message(),
           "a folder that can be read", "check the path and the permissions");
    }
  }
  return false;
}

RunFolder::RunFolder(const RunFolderOptions& options) : path_(choose(options)) {
  const bool taken = holds_run(path_);
  if (options.resume && !taken) {
    throw_input(path_.string(), "holds no run", "a folder that maas train wrote",
                "name the run's folder, or start without --resume");
  }
  if (taken && !options.resume && !options.force) {
    throw_usage(path_.string(), "holds a run already", "a new folder",
                "give --resume to go on, --force to set the old run aside, or another output_dir");
  }
  try {
    fs::create_directories(path_ / "checkpoints");
    lock();
    if (taken && options.force && !options.resume) {
      set_aside(path_);
      fs::create_directories(path_ / "checkpoints");
    }
  } catch (const fs::filesystem_error& error) {
    fail(ErrorKind::kResources, path_, "cannot be created: " + error.code().message(),
         "a folder that can be written", "check the permissions, or set output_dir");
  }
}

void RunFolder::lock() {
  const fs::path file = path_ / ".lock";
  lock_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (lock_ < 0) {
    fail(ErrorKind::kResources, path_, fmt::format("cannot be locked: {}", std::strerror(errno)),
         "a folder that can be written", "check the permissions, or set output_dir");
  }
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    std::array<char, 256> holder{};
    const ssize_t size = ::pread(lock_, holder.data(), holder.size() - 1, 0);
    ::close(lock_);
    lock_ = -1;
    fail(ErrorKind::kFailed, path_,
         fmt::format("locked by {}", size > 0 ? holder.data() : "another process"),
         "a folder that no other run uses", "wait for it, stop it, or use another output_dir");
  }
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  const std::string text = fmt::format("pid {} on {} since {}", ::getpid(), host.data(), now_iso());
  // Informative only: the lock itself is the kernel's.
  if (::ftruncate(lock_, 0) == 0) {
    const ssize_t put = ::pwrite(lock_, text.data(), text.size(), 0);
    (void)put;
  }
}

RunFolder::~RunFolder() {
  if (lock_ >= 0) ::close(lock_);
}

void RunFolder::set_status(const std::string& status, const std::string& reason) const {
  write_file_atomically(file("STATUS"),
                        reason.empty() ? status + "\n" : status + ": " + reason + "\n");
}

}  // namespace maas
