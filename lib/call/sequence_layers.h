// Layers over sequences [B, T, W], added to a graph under construction
#pragma once

#include <string>

#include "call/builder.h"

namespace maas {

struct RecurrentOptions {
  std::string kind = "lstm";  // "lstm" or "gru"
  int64_t size = 0;           // of the state
  int64_t layers = 1;
  bool bidirectional = false;
  bool all_steps = false;  // give every step [B, T, size], not the last state [B, size]
};

// torch.nn.LSTM, GRU with batch_first: weights uniform in +-1/sqrt(size), names as there
// ("weight_ih_l0", "bias_hh_l0_reverse"), states that begin at 0. Both directions give 2 * size: of
// the last state the forward one first.
Handle recurrent(GraphBuilder& g, const std::string& name, Handle x,
                 const RecurrentOptions& options);

// torch.nn.MultiheadAttention of a sequence with itself (Vaswani et al. 2017): weights and names as
// there, W in and out. Throws Error{kUsage} where W is no multiple of the heads.
struct AttentionOptions {
  int64_t heads = 1;
  bool causal = false;  // a step sees those before it, and itself
};
Handle self_attention(GraphBuilder& g, const std::string& name, Handle x,
                      const AttentionOptions& options);

// x plus a vector for each of its T places: sines and cosines of wavelengths from 2 pi to 10,000
// times that (Vaswani et al. 2017, 3.5), or a learnt one, drawn with a deviation of 0.02.
Handle sine_positions(GraphBuilder& g, const std::string& name, Handle x);
Handle learnt_positions(GraphBuilder& g, const std::string& name, Handle x);

}  // namespace maas
