// What a search has found so far: tune.jsonl in its folder, a line for each training
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace maas {

struct TunedTrial {
  int64_t trial = 0, round = 0, epochs = 0;
  std::map<std::string, std::string> settings = {};  // as YAML
  double value = 0;                                  // of the metric; NaN = it failed
  double seconds = 0;
  std::string error = {};  // why it failed; "" = it did not
};

class TuneRecord {
 public:
  // Reads `path` where it is; a last line that is not whole, of a crash, is cut off. Throws
  // Error{kInput}, which names the line, for others that are no record.
  explicit TuneRecord(std::filesystem::path path);

  // Null: it has not been trained.
  const TunedTrial* find(int64_t trial, int64_t round) const;
  // Writes it at once. Throws Error{kResources}.
  void add(TunedTrial trial);
  const std::vector<TunedTrial>& all() const { return trials_; }

 private:
  std::filesystem::path path_;
  std::vector<TunedTrial> trials_;
};

}  // namespace maas
