// Which is faster here: a layer in integers or in float32?
#pragma once

#include "program/program.h"
#include "run/kernel_times.h"
#include "run/lower/int8_layer.h"

namespace maas {

// Times layers by running them (run/kernel_times.h). One layer's input and result stay in the form
// that the choice gives them: uint8, or float32 rounded onto the grid. Where no time is left,
// integers are taken unasked: what is slow to time is large, and large products gain most.
class Int8Race {
 public:
  // As KernelRace.
  explicit Int8Race(KernelTimes* times, double seconds = 0.25)
      : times_(times), race_(times, seconds) {}

  // `input` declares what the layer reads; its sizes count with their hints, and where that is much
  // work, with fewer rows. In float32 the layer runs by the quickest kernel for it.
  bool integers_win(const Int8Layer& layer, const Value& input, const AffineGrid& input_grid,
                    const LayerEnd& end);

 private:
  KernelTimes* times_;
  KernelRace race_;
};

}  // namespace maas
