// torch.export's archive -> Program.
#pragma once

#include "program/program.h"
#include "tensor/archive.h"

namespace maas {

// Reads the model "model" (or the only one) of a PT2 archive, schema 8.x. Weights are views of the
// mapped file, which they keep alive. In-place operators are made pure, wrappers such as
// wrap_with_set_grad_enabled are inlined. Throws Error{kInput} naming record and node for: another
// schema major, an operator off the allow-list, pickled weights, custom objects, tokens, sizes that
// do not fit the bytes present, values used before they are made. The result is not yet verified
// (verify.h).
Program read_pt2(const ArchiveReader& archive);

}  // namespace maas
