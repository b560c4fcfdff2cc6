// Networks that end in a softmax or a sigmoid, and their logits
#pragma once

#include "program/program.h"

namespace maas {

// What the outputs of a network are, of whose logits `Squash` makes probabilities.
enum class OutputForm { kLogits, kProbabilities, kLogProbabilities };

enum class Squash { kSoftmax, kSigmoid };

// By the operator that makes the first user output: for kSoftmax a softmax or log-softmax over the
// last dimension of [B, K], for kSigmoid a sigmoid. Copies behind it are looked through.
OutputForm output_form(const Program& program, Squash squash);

// The operand of that operator; the first user output itself where it is kLogits; kNoValue where
// the first output is no tensor, or there is none.
ValueId logits_of(const Program& program, Squash squash);

// The program whose first user output is logits_of(). Loss, calibration and ranking are computed
// from these: the probability 0 of a softmax has lost them.
Program with_logits(Program program, Squash squash);

}  // namespace maas
