// State of a run on disk: atomic, verified at load, enough to go on with the same bits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tensor/safetensors.h"

namespace maas {

// checkpoints/step-N/ holds state.safetensors, state.json and manifest.json (sizes and SHA-256 of
// the other two). It is written as step-N.tmp-PID, synced file by file, and renamed.
struct Checkpoint {
  int64_t step = 0;                          // steps done
  TensorMap tensors;                         // Trainer::state()
  std::map<std::string, double> numbers;     // counters, best metric, schedule, loss sums
  std::map<std::string, std::string> texts;  // settings, data fingerprint

  // By name; Error{kInput} when it is missing: another version wrote the checkpoint.
  double number(const std::string& name) const;
  const at::Tensor& tensor(const std::string& name) const;
};

// Throws Error{kResources} and removes what it wrote when the disk refuses; what was there stays as
// it was. A failed fsync is a failed save, whatever is on the disk then. Then deletes all but the
// newest `keep_last`.
void save_checkpoint(const std::filesystem::path& folder, const Checkpoint& checkpoint,
                     int64_t keep_last);

// The newest one that is whole. Those that are damaged, or of another format, are passed over, each
// with a line in `warnings`. nullopt when the folder holds none at all; Error{kInput} when all are
// damaged: a run is never restarted silently; Error{kResources} when the folder cannot be listed.
std::optional<Checkpoint> load_newest_checkpoint(const std::filesystem::path& folder,
                                                 std::vector<std::string>& warnings);

// Removes what a killed process left half-written in a run folder: NAME.tmp-PID files and folders
// there and in checkpoints/. Those of living processes stay.
void remove_orphans(const std::filesystem::path& run_folder);

}  // namespace maas
