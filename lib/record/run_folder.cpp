#include "record/run_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/name_first.h"
#include "base/throw_error.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

// What only the disk or another process can mend.
[[noreturn]] void fail(ErrorKind kind, const fs::path& path, const std::string& what,
                       const std::string& expected, const std::string& fix) {
  throw Error(kind, {.where = path.string(), .what = what, .expected = expected, .fix = fix});
}

// All that a run writes into its folder, but for .lock and .old-N (docs/run_folder.md).
struct RunEntry {
  std::string_view name;  // of how it begins, where a '*' follows
  fs::file_type type = fs::file_type::regular;
};
constexpr std::array<RunEntry, 13> kRunEntries = {{{"resolved.yaml"},
                                                   {"env.json"},
                                                   {"STATUS"},
                                                   {"warnings.txt"},
                                                   {"metrics.jsonl"},
                                                   {"events.tfevents.*"},
                                                   {"model.pt"},
                                                   {"report.html"},
                                                   {"diverged.json"},
                                                   {"parent"},
                                                   {"output"},
                                                   {"checkpoints", fs::file_type::directory},
                                                   {"folds", fs::file_type::directory}}};

bool is_of_run(const fs::directory_entry& entry) {
  const std::string name = entry.path().filename().string();
  return std::any_of(kRunEntries.begin(), kRunEntries.end(), [&](const RunEntry& known) {
    const bool named = known.name.ends_with('*')
                           ? name.starts_with(known.name.substr(0, known.name.size() - 1))
                           : name == known.name;
    return named && entry.status().type() == known.type;
  });
}

// What runs were set aside, and the lock of one that is over.
bool is_left_by_runs(const std::string& name) {
  return name == ".lock" || name.starts_with(".old-");
}

std::vector<fs::path> run_entries(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (is_of_run(entry)) found.push_back(entry.path());
  }
  return found;
}

// Names that no run left there, in their order; empty where there is no folder.
std::vector<std::string> foreign_names(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code ignored;  // who cannot be looked into cannot be written either: told then
  for (fs::directory_iterator it(folder, ignored), end; !ignored && it != end;
       it.increment(ignored)) {
    std::string name = it->path().filename().string();
    if (!is_left_by_runs(name)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

fs::path choose(const RunFolderOptions& options) {
  if (!options.folder.empty()) return options.folder;
  fs::path path = fs::path("runs") / options.name;
  const auto is_taken = [&] {
    return !options.resume && !(options.force && holds_run(path)) &&
           (holds_run(path) || !foreign_names(path).empty());
  };
  for (int i = 2; is_taken(); ++i) {
    path = fs::path("runs") / fmt::format("{}-{}", options.name, i);
  }
  return path;
}

// The uppermost folder of the path that is not there; empty = all are.
fs::path first_missing(const fs::path& path) {
  fs::path missing;
  std::error_code ignored;
  for (fs::path at = path; !at.empty() && !fs::exists(at, ignored); at = at.parent_path()) {
    missing = at;
  }
  return missing;
}

fs::path set_aside(const fs::path& path) {
  fs::path old;
  for (int i = 1; old.empty() || fs::exists(old); ++i) old = path / fmt::format(".old-{}", i);
  fs::create_directories(old);
  for (const fs::path& entry : run_entries(path)) fs::rename(entry, old / entry.filename());
  return old;
}

// Who only looks whether a run is held (is_held) holds it for a moment.
bool takes_lock(int file) {
  for (int attempt = 0; attempt < 5; ++attempt) {
    if (::flock(file, LOCK_EX | LOCK_NB) == 0) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
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

void check_empty(const fs::path& folder) {
  const std::vector<std::string> names = foreign_names(folder);
  if (names.empty()) return;
  throw_usage(folder.string(), "holds " + name_first(names, 3) + ", and no run",
              "a new or an empty folder", "name another one with -o");
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
  if (!taken) check_empty(path_);
  made_ = first_missing(path_);
  try {
    fs::create_directories(path_ / "checkpoints");
    lock();
    if (taken && options.force && !options.resume) {
      aside_ = set_aside(path_);
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
  if (!takes_lock(lock_)) {
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

void RunFolder::withdraw() {
  std::error_code ignored;
  try {
    for (const fs::path& entry : run_entries(path_)) fs::remove_all(entry, ignored);
  } catch (const fs::filesystem_error&) {  // stays
  }
  if (!aside_.empty()) {
    for (fs::directory_iterator it(aside_, ignored), end; !ignored && it != end;
         it.increment(ignored)) {
      fs::rename(it->path(), path_ / it->path().filename(), ignored);
    }
    fs::remove(aside_, ignored);
  }
  fs::remove(path_ / ".lock", ignored);
  if (made_.empty()) return;
  // Those that are empty, from the lowest up.
  for (fs::path at = path_; fs::remove(at, ignored) && at != made_;) at = at.parent_path();
}

bool is_held(const fs::path& folder) {
  const int file = ::open((folder / ".lock").c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno != ENOENT;
  const bool is_free = ::flock(file, LOCK_SH | LOCK_NB) == 0;
  ::close(file);
  return !is_free;
}

}  // namespace maas
