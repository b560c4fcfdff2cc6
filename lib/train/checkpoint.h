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
  std::map<std::string, std::string> texts;  // config digest, data fingerprint, versions
};

// Throws Error{kResources} and leaves no trace when the disk refuses. Then deletes all but the
// newest `keep_last`.
void save_checkpoint(const std::filesystem::path& folder, const Checkpoint& checkpoint,
                     int64_t keep_last);

// The newest one that is whole. Those that are damaged are passed over, each with a line in
// `warnings`. nullopt when the folder holds none at all; Error{kInput} when all are damaged: a run
// is never restarted silently.
std::optional<Checkpoint> load_newest_checkpoint(const std::filesystem::path& folder,
                                                 std::vector<std::string>& warnings);

// Removes step-N.tmp-PID folders that a killed process left; those of living processes stay.
void remove_orphans(const std::filesystem::path& folder);

}  // namespace maas
