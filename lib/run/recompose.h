// The operators that a decomposed export spells out, as layers again.
#pragma once

#include "program/program.h"

namespace maas {

// `aten::convolution` of images that is not transposed becomes `aten::conv2d`, the form in which
// the later passes fold, pack and fuse it (torch.export's run_decompositions() writes the former).
// Products with a weight [O, K] that the graph turns (addmm, mm and matmul with t, transpose or
// permute) become `aten::linear`; so do batched products (bmm) with such a weight expanded for
// every sample, which would copy it for each. A linear takes in the bias that is added behind it.
Program recompose(Program program);

}  // namespace maas
