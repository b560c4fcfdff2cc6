// The folder of one run: created, locked, described.
#pragma once

#include <filesystem>
#include <string>

namespace maas {

struct RunFolderOptions {
  std::filesystem::path folder;  // given by the user; "" = runs/<name>, with -2, -3 ... if taken
  std::string name;
  bool resume = false;  // the folder must hold a run
  bool force = false;   // an existing run, and nothing else, is moved into <folder>/.old-N
};

// Holds an exclusive lock (flock) while it lives; a lock of a dead process is no obstacle.
class RunFolder {
 public:
  // Throws Error: kUsage when the folder holds a run and neither resume nor force is given, or no
  // run but something else, whatever is given (check_empty); kInput when there is nothing to
  // resume; kResources when it cannot be created or written; kFailed when another process holds the
  // lock (its pid, host and start time are named).
  explicit RunFolder(const RunFolderOptions& options);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path file(const std::string& name) const { return path_ / name; }

  // STATUS: "running", "finished", "interrupted", "failed", with one line of reason. Atomic.
  void set_status(const std::string& status, const std::string& reason = "") const;

  // As if the run had never been begun: its files go, the folders that were made for it, too, and
  // a run that was set aside is back. Whatever else lies in the folder stays. Not for a run that
  // is resumed. What the disk refuses is left as it is.
  void withdraw();

 private:
  void lock();
  std::filesystem::path path_;
  std::filesystem::path made_;   // the uppermost folder that was made; empty = it was there
  std::filesystem::path aside_;  // where the old run went; empty = there was none
  int lock_ = -1;
};

// Whether a process, of this user or another, holds the folder's lock: the kernel lets go of it
// when the process ends, however it ends. True also where it cannot be told.
bool is_held(const std::filesystem::path& folder);

// True when the folder holds a run (a resolved config or checkpoints); Error{kResources} when that
// cannot be told.
bool holds_run(const std::filesystem::path& folder);

// A new run does not mix with what others keep in a folder: Error{kUsage} names it. Folders that do
// not exist, are empty, or hold but what runs left there (.lock, .old-N) are right.
void check_empty(const std::filesystem::path& folder);

}  // namespace maas
