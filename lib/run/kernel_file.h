// The file that keeps kernel times for the next process
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "run/kernel_times.h"

namespace maas {

// A file of a line a product (KernelTimes::text), at most 1 MiB, that many processes read and write
// at once.
class KernelFile {
 public:
  enum class Place {
    kNamed,  // by the user: what it holds is never lost
    kCache,  // our own: whatever it holds is replaced, and nothing is said
  };
  KernelFile() = default;  // none
  explicit KernelFile(std::filesystem::path path, Place place = Place::kNamed);

  // Adds what the file holds. Of a named one Error{kUsage} when it holds something else than kernel
  // times, Error{kInput} when a line is none.
  void read_into(KernelTimes& times);

  // Why nothing is read from a named file and nothing written ("is a folder"), once it was to be
  // read; "" = nothing stands in the way.
  const std::string& trouble() const { return trouble_; }
  const std::filesystem::path& path() const { return path_; }  // empty = none

  // Writes what was remembered since, beside what other processes wrote meanwhile, which is added
  // to `times`, too; where that would be too large, what was measured here comes first. Waits for
  // others two seconds in all, then gives up; a failure is no error. From many threads at once.
  void keep(KernelTimes& times);

 private:
  std::string read_text(std::string& text) const;
  void add(const KernelTimes& from, KernelTimes& times);
  std::string text_below_limit(const KernelTimes& times) const;

  std::filesystem::path path_;
  Place place_ = Place::kNamed;
  std::string trouble_;
  std::mutex mutex_;                 // of what follows
  std::set<std::string> of_others_;  // products that were read
  size_t kept_ = 0;                  // products that the file holds
  double seconds_left_ = 2;          // to wait for others
};

// Where kernel_times() are kept; throws as it does.
const KernelFile& kernel_file();

// What a user is told who named a file that nothing can be kept in; "" where there is nothing to
// tell, or where kernel_times() throws.
std::string kernel_file_warning();

}  // namespace maas
