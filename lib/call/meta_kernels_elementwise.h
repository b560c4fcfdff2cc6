// Shape rules of operators that work element by element, move elements or reduce them.
#pragma once

#include <torch/library.h>

#include <string>
#include <vector>

namespace maas {

// Rules on their way into libtorch's dispatcher, and what they are called.
struct MetaKernels {
  torch::Library library;  // implements "aten" for the Meta key
  std::vector<std::string> names;

  template <class Kernel>
  void impl(const char* name, Kernel kernel) {
    library.impl(name, kernel);
    names.push_back(std::string("aten::") + name);
  }
};

// The part of register_meta_kernels() (meta_kernels.h) that is about relu, roll, floor_divide, var,
// max and their like. Call it once a process.
void register_elementwise(MetaKernels& kernels);

}  // namespace maas
