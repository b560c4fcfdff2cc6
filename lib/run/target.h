// For what a plan is made: its use, the rows and threads of its runs
#pragma once

#include <cstdint>

namespace maas {

class KernelTimes;

// Names the list of lowering passes (run/lower.h).
enum class PlanFor {
  kAsIs,       // none: the graph as it is given
  kTraining,   // what stays right when weights change in place; gradients are written out in the
               // graph, as not every operator used has one
  kInference,  // everything that is quick on this machine; weights stay as they are
};

// Of products and convolutions, where the machine is quicker with it (run/bf16_layers.h).
enum class Precision { kFp32, kBf16 };

// What a lowering pass may tune its rewrite to. Runs with other numbers give the same results, but
// for kBf16.
struct Target {
  int64_t rows = 1;  // that a run usually has, >= 1
  int threads = 1;   // that one operator uses: at::get_num_threads() where the plan is made, since
                     // oneDNN packs for that number
  KernelTimes* kernels = nullptr;  // that choose among kernels (run/kernel_times.h); nullptr = the
                                   // first of each
  Precision precision = Precision::kFp32;
  double race_seconds = 0.25;  // of timing kernels, in each pass that does
};

// With the threads of the calling thread.
Target target_of(int64_t rows, KernelTimes* kernels = nullptr,
                 Precision precision = Precision::kFp32);

}  // namespace maas
