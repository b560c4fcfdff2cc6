// How a network is quantized: `quantize:` in a config
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/fields.h"
#include "transform/quantize/observer.h"

namespace maas {

struct QuantizeConfig {
  std::string scheme = "auto";
  std::string calibration = "data";
  int64_t samples = 512;
  std::string observer = "minmax";
  std::vector<std::string> ignore = {};

  bool needs_ranges() const { return scheme == "auto" || scheme == "w8a8-static"; }

  void describe(Fields& field) {
    field("scheme", scheme)
        .one_of({"auto", "w8a8-static", "w8a8-dynamic", "w8"})
        .doc(
            "int8 weights, and activations with ranges seen on data (static) or taken from each "
            "row as it runs (dynamic); w8: weights alone; auto: static where there are data");
    field("calibration", calibration)
        .one_of({"data", "random"})
        .doc(
            "what shows the ranges: rows of the training split, or numbers drawn from N(0, 1), "
            "pixels from 0..255 and indices from their tables");
    field("samples", samples).between(1, 1e7).doc("rows that calibrate");
    field("observer", observer)
        .one_of(observer_names())
        .doc("minmax: smallest and largest value; moving: averages of each batch's");
    field("ignore", ignore)
        .doc("layers that stay float32: names as `maas inspect` shows them; * and ? match");
  }
};

}  // namespace maas
