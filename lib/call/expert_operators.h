// transformers' product of a mixture of experts, on the CPU
#pragma once

namespace maas {

// Registers transformers::grouped_mm_fallback (transformers 5, integrations/moe.py) with libtorch's
// dispatcher: rows [S, in], sorted by expert, times weights [E, in, out]; ends [E], of an integer
// dtype, says where each expert's rows end. [S, out]; rows behind the last end are 0. Ends that
// fall or leave the rows raise c10::IndexError. No gradients: who asks for one gets libtorch's
// error. Again at no cost.
void register_expert_operators();

}  // namespace maas
