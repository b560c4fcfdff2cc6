// Images in the layout in which oneDNN's convolutions learn quickest
#pragma once

#include "program/program.h"

namespace maas {

// A lowering pass for graphs with gradients written out. What float32 convolutions of images read
// becomes channels-last, once for all readers; libtorch's kernels keep that layout from there to
// the loss and back. Gradients of weights come in the layout of the export, which that of the
// weight is. Graphs that look at strides stay as they are.
Program train_channels_last(Program program);

}  // namespace maas
