// Which is faster here: a layer in integers or in float32?
#pragma once

#include <map>
#include <string>

#include "program/program.h"
#include "run/lower/int8_layer.h"

namespace maas {

// Times layers by running them, on the calling thread with the threads that it has now. One layer's
// input and result stay in the form that the choice gives them: uint8, or float32 rounded onto the
// grid. Alike layers are timed once. After `seconds` of timing in all, integers are taken unasked:
// what is slow to time is large, and large products gain most.
class Int8Race {
 public:
  explicit Int8Race(double seconds = 0.25) : seconds_left_(seconds) {}

  // `input` declares what the layer reads; its sizes count with their hints, and where that is much
  // work, with fewer rows.
  bool integers_win(const Int8Layer& layer, const Value& input, const AffineGrid& input_grid,
                    const LayerEnd& end);

 private:
  double seconds_left_;
  std::map<std::string, bool> known_;
};

}  // namespace maas
