#include "run/kernel_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/shown_text.h"
#include "base/throw_error.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostBytes = size_t{1} << 20;
constexpr std::string_view kFormat = "maas kernels ";

// Held by one process or thread at a time. Where the disk knows no locks, by everybody.
class FolderLock {
 public:
  FolderLock(const fs::path& folder, double& seconds_left)
      : folder_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    constexpr std::chrono::milliseconds kPause{2};
    while (folder_ >= 0 && ::flock(folder_, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) return;
      if (seconds_left <= 0) {
        is_held_ = false;
        return;
      }
      std::this_thread::sleep_for(kPause);
      seconds_left -= std::chrono::duration<double>(kPause).count();
    }
  }
  ~FolderLock() {
    if (folder_ >= 0) ::close(folder_);
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  bool is_held() const { return is_held_; }

 private:
  int folder_;
  bool is_held_ = true;
};

fs::path folder_of(const fs::path& file) {
  return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

// "" when a file of that name can be made.
std::string making_trouble(const fs::path& file) {
  std::error_code ignored;
  fs::path folder = folder_of(file);
  while (folder.has_relative_path() && !fs::exists(folder, ignored)) folder = folder_of(folder);
  if (!fs::is_directory(folder, ignored)) {
    return fmt::format("cannot be made: {} is no folder", folder.string());
  }
  if (::access(folder.c_str(), W_OK | X_OK) == 0) return "";
  return fmt::format("cannot be made in {}: {}", folder.string(),
                     std::generic_category().message(errno));
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

KernelFile::KernelFile(fs::path path, Place place) : path_(std::move(path)), place_(place) {}

// Returns why the file cannot be used; "" with an empty text where there is none yet.
std::string KernelFile::read_text(std::string& text) const {
  std::error_code failed;
  const fs::file_status status = fs::status(path_, failed);
  if (status.type() == fs::file_type::not_found) return making_trouble(path_);
  if (failed) return "cannot be looked at: " + failed.message();
  if (fs::is_directory(status)) return "is a folder";
  if (!fs::is_regular_file(status)) return "is a device or a pipe";
  if (::access(path_.c_str(), R_OK) != 0) {
    return "cannot be read: " + std::generic_category().message(errno);
  }
  text = read_file(path_, kMostBytes);
  if (text.empty()) return making_trouble(path_);
  if (!text.starts_with(kFormat)) {
    throw_usage("MAAS_KERNELS",
                fmt::format("{} holds something else: '{}'", path_.string(), shown_text(text, 40)),
                "a file of kernel times, or a name that nothing has",
                "name another file; this one stays as it is");
  }
  const std::string here = KernelTimes().text(kernel_machine());
  if (text.starts_with(here)) return "";
  return fmt::format("is of another machine or version ('{}'; here: '{}')",
                     shown_text(first_line(text)), shown_text(first_line(here)));
}

void KernelFile::read_into(KernelTimes& times) {
  if (path_.empty()) return;
  std::string text;
  KernelTimes found;
  try {
    trouble_ = read_text(text);
    if (!trouble_.empty() || text.empty()) return;
    if (!found.reads(text, kernel_machine())) {
      throw_input(path_.string(), "holds lines that are no kernel times, or ends within one",
                  "product, winner, and name=seconds of each kernel, parted by tabs",
                  "delete the file: what it held is measured again");
    }
  } catch (const Error&) {
    if (place_ == Place::kNamed) throw;
    return;
  }
  const std::lock_guard lock(mutex_);
  add(found, times);
  kept_ = times.all().size();
}

void KernelFile::add(const KernelTimes& from, KernelTimes& times) {
  for (const auto& [product, measured] : from.all()) {
    if (times.find(product)) continue;
    times.remember(product, measured);
    of_others_.insert(product);
  }
}

std::string KernelFile::text_below_limit(const KernelTimes& times) const {
  const std::string machine = kernel_machine();
  std::string whole = times.text(machine);
  if (whole.size() <= kMostBytes) return whole;
  const size_t head = KernelTimes().text(machine).size();
  size_t size = head;
  KernelTimes taken;
  for (const bool own : {true, false}) {
    for (const auto& [product, measured] : times.all()) {
      if (of_others_.contains(product) == own) continue;
      KernelTimes one;
      one.remember(product, measured);
      const size_t line = one.text(machine).size() - head;
      if (size + line > kMostBytes) continue;
      size += line;
      taken.remember(product, measured);
    }
  }
  return taken.text(machine);
}

void KernelFile::keep(KernelTimes& times) {
  const bool is_cache = place_ == Place::kCache;
  if (path_.empty() || (!trouble_.empty() && !is_cache)) return;
  const std::lock_guard lock(mutex_);
  const size_t known = times.all().size();
  if (known == kept_) return;
  try {
    std::error_code ignored;
    fs::create_directories(folder_of(path_), ignored);
    const FolderLock folder(folder_of(path_), seconds_left_);
    if (!folder.is_held()) return;
    kept_ = known;
    std::string text;
    KernelTimes others;
    try {
      const bool usable =
          read_text(text).empty() && (text.empty() || others.reads(text, kernel_machine()));
      if (!usable && !is_cache) return;
    } catch (const Error&) {
      if (!is_cache) throw;
    }
    add(others, times);
    write_file_atomically(path_, text_below_limit(times));
    kept_ = times.all().size();
  } catch (const Error&) {  // measured again by the next process
  }
}

}  // namespace maas
