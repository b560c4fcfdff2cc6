// Writes the stored form of an int8 network (program/quantized_form.h)
#pragma once

#include <map>
#include <string>
#include <vector>

#include "program/program.h"
#include "transform/quantize/observer.h"
#include "transform/quantize/quantizable.h"

namespace maas {

// What a rewrite does; indices and values are those of the program that it is given.
struct QuantizePlan {
  std::vector<QuantizableLayer> layers;        // whose weights become int8
  std::map<ValueId, AffineScale> activations;  // rounded with these scales
  std::vector<ValueId> tokens;                 // rounded by each row's largest value
};

// A layer as it was written: a row of the report.
struct QuantizedLayer {
  std::string name;                           // "conv1"
  std::string op;                             // "aten::conv2d"
  std::vector<int64_t> shape;                 // of its weight
  std::string bits;                           // "w8a8", or "w8" where it reads float32
  double least_scale = 0, largest_scale = 0;  // of its channels
  double weight_sqnr = 0;                     // decibels
};

struct StoredForm {
  Program program;
  std::vector<QuantizedLayer> layers;
};

// Weights that several layers read are stored once. Every reader that takes rounded values
// (quantizable.h) reads those. The result is verified by shape inference as it is written.
StoredForm stored_form(Program program, const QuantizePlan& plan);

}  // namespace maas
