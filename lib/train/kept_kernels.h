// The kernels that a run computes with, kept in its checkpoints: another kernel gives other last
// digits, and a resumed run goes on with the same bits
#pragma once

#include <map>
#include <string>
#include <vector>

namespace maas {

inline constexpr const char* kKeptKernels = "kernels";  // the name of the text in a checkpoint

// The process's kernels (run/kernel_times.h) as a checkpoint keeps them.
std::string kept_kernels();

// The process goes on with the kernels of a checkpoint, if its texts have them: what it measured or
// was told itself no longer counts. Plans made before keep theirs. Warnings: the checkpoint is of
// another machine or libtorch, and kernels are chosen anew.
std::vector<std::string> take_kept_kernels(const std::map<std::string, std::string>& texts);

}  // namespace maas
