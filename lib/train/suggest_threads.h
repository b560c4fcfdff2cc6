// How many threads a training step is worth.
#pragma once

#include <cstdint>

#include "program/program.h"

namespace maas {

// At most `cores`, and one for each 8 million multiply-accumulates of a step's forward part: below
// that, waiting for each other costs the threads what they gain, and many times more once somebody
// else wants a core. A function of the network and the batch alone, never of a timing: another
// number of threads can round differently, and a resumed run must not. At least 1.
int64_t suggest_threads(const Program& program, int64_t batch_size, int64_t cores);

}  // namespace maas
