// Whole batches by index: there is no per-sample work on the way to a training step.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sample/spec.h"
#include "sample/table_encoder.h"

namespace maas {

// Inputs in the order of the model's inputs, all [B, ...], contiguous, on the CPU.
struct Batch {
  std::vector<at::Tensor> inputs;       // as InputSpec says: image, or numeric and/or categorical
  at::Tensor targets;                   // classification int64 [B]; multi-label float32 [B, L];
                                        // regression float32 [B, T], or float64 where
                                        // TaskSpec::needs_float64()
  std::vector<at::Tensor> extras = {};  // further inputs of an Objective, [B, ...]
  int64_t size() const { return targets.size(0); }
};

// Immutable after opening; `rows` may be called from many threads.
class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual int64_t size() const = 0;
  // index: int64 [B], each in [0, size()). O(B * bytes of a sample).
  virtual Batch rows(const at::Tensor& index) const = 0;
  // The targets of rows(index) alone; cheap where inputs would have to be decoded.
  virtual at::Tensor targets(const at::Tensor& index) const { return rows(index).targets; }
  // False when rows() reads and decodes files: then loading ahead pays.
  virtual bool in_memory() const { return true; }
  // One number a sample, equal for samples whose inputs are equal (and hardly ever otherwise);
  // empty where inputs would have to be decoded first. O(bytes of all inputs).
  virtual std::vector<uint64_t> digests() const { return {}; }
  // Of a table: the columns with cells that were missing and count as something else. Of the whole
  // source, also in a part of it.
  virtual std::vector<MissingValues> missing() const { return {}; }
  virtual const DataSpec& spec() const = 0;
  // Where sample i came from, for reports and errors: "train-images:17", "cats/3.jpg", "a.csv:12".
  virtual std::string name_of(int64_t i) const = 0;
  // How the text of sample i begins, since its pieces tell nobody; "" = it has none, or it is not
  // kept.
  virtual std::string text_of(int64_t /*i*/) const { return ""; }
};

// Rows `index` of another dataset (a split), without copying it.
std::shared_ptr<const Dataset> subset(std::shared_ptr<const Dataset> whole,
                                      const at::Tensor& index);

// What the source files are, and when they were written. Empty = no files to watch.
struct Fingerprint {
  std::string content;  // digest of names, sizes and, of single files, the first and last 64 KiB
  std::string times;    // digest of the times of modification
  bool operator==(const Fingerprint&) const = default;
};

// What open_data gives; validation and test may be null.
struct DataSplits {
  std::shared_ptr<const Dataset> train, validation, test;
  DataSpec spec;  // from the training split; the others conform to it
  Fingerprint fingerprint;
  std::vector<std::string> warnings;  // skipped samples and the like, one line each, with counts
  // Of the rows of train, int64; undefined without data.group and data.order.
  at::Tensor groups = {};  // 0 and up, equal for rows that stay together
  at::Tensor ranks = {};   // ascending by data.order, equal for equal cells
};

}  // namespace maas
