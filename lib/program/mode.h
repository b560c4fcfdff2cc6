// Training and inference are the same graph with flags set.
#pragma once

#include "program/program.h"

namespace maas {

enum class Mode { kTrain, kEval };

// Sets the flags of dropout, batch_norm, lstm, gru and friends. A decomposed inference program
// (native batch norm without training) is turned into its trainable form for kTrain.
// scaled_dot_product_attention's dropout_p is kept as exported for kTrain and set to 0 for kEval.
Program with_mode(Program program, Mode mode);

}  // namespace maas
