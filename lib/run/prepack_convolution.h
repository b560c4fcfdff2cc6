// Convolutions through oneDNN with weights packed once.
#pragma once

#include "program/program.h"

namespace maas {

// Every float32 conv2d whose weight is known becomes mkldnn::_convolution_pointwise with a packed
// weight. Needs a libtorch with oneDNN, otherwise returns the program as it is.
Program prepack_convolution(Program program);

// Makes the inputs of packed convolutions channels-last, the layout in which oneDNN is quickest;
// costs nothing where another packed convolution made them.
Program put_channels_last(Program program);

}  // namespace maas
