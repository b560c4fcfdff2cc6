// A float32 network -> the same network in int8
//
// Batch norms are folded, weights become int8 with a scale per output channel (Jacob et al. 2018;
// Krishnamoorthi 2018), activations are rounded to uint8 with ranges that calibration has seen, or
// to int8 by each row's largest value. What is written is the stored form of
// program/quantized_form.h.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "program/program.h"
#include "transform/quantize/quantize_config.h"
#include "transform/quantize/stored_form.h"

namespace maas {

struct QuantizeJob {
  QuantizeConfig config = {};
  // Training rows as they are, without augmentation; null = there are no data.
  std::shared_ptr<const Dataset> data = nullptr;
  uint64_t seed = 0;  // draws the rows, or the random inputs
  // Of a network whose first input is a table's numbers as they are: what random ones look like.
  std::vector<NumericFeature> columns = {};
  std::string name = "model";  // of the network, in messages
};

// An activation that is rounded with a range of calibration.
struct RoundedActivation {
  std::string value;  // its name in the graph
  SeenRange range;    // as it was seen
  AffineScale scale;
};

struct Quantized {
  Program program;
  std::string scheme;  // as it was chosen: "w8a8-static"
  std::vector<QuantizedLayer> layers;
  std::vector<RoundedActivation> activations;
  std::vector<std::string> kept;   // layers that quantize.ignore leaves in float32
  std::vector<std::string> notes;  // what the user should know, a line each
};

// `program` is in evaluation mode; its tensors are not changed. Linears and convolutions of one and
// two dimensions are quantized, and tables of embeddings; w8a8-dynamic rounds the inputs of linears
// alone. Same program, job and data, same bytes.
//
// Throws Error{kInput}: already quantized; a weight that is not finite (named); nothing to
// quantize; calibration inputs that do not fit the network (observe.h). Error{kUsage}: a pattern of
// quantize.ignore that no layer has (layers named); static ranges without data.
Quantized quantized(Program program, const QuantizeJob& job);

}  // namespace maas
