// Shape rules of operators that work element by element, move elements or reduce them: part of
// register_meta_kernels().
#pragma once

namespace torch {
class Library;
}

namespace maas {

void add_plain_meta_kernels(torch::Library& library);

}  // namespace maas
