// Shape rules of operators that work element by element, move elements or reduce them.
#pragma once

namespace torch {
class Library;
}

namespace maas {

// The part of register_meta_kernels() (meta_kernels.h) that is about relu, roll, floor_divide, var,
// max and their like. `library` implements "aten" for the Meta key; call it once a process.
void register_elementwise(torch::Library& library);

}  // namespace maas
