// How a model came to be: the steps that made it, by digest
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace maas {

class JsonWriter;
class JsonView;

// One verb's work. The model that it made is named by the next step's `parent`, or is the file
// itself. There is no time in it, so that the same work gives the same bytes.
struct LineageStep {
  std::string verb = {};     // "train", "prune", ...
  std::string version = {};  // of maas
  std::string parent = {};   // SHA-256 of the model file it was made from; "" = from nothing
  std::string change = {};   // what the verb did, a phrase; may be empty
  std::optional<int64_t> seed = {};  // where random numbers were drawn
  std::string created = {};          // ISO 8601, UTC: of files of format 1 alone
  bool operator==(const LineageStep&) const = default;
};
using Lineage = std::vector<LineageStep>;  // the oldest step first; empty for a stranger's model

// An array of steps.
void write_lineage(JsonWriter& json, const Lineage& lineage);

// Takes format 1's single step as well: of its parent's path the last part remains.
Lineage read_lineage(const JsonView& json, int64_t format);

// One line a step, for people: "train 0.1.0, seed 1", "prune 0.1.0, seed 1, from 3f2a9c01d2e4: half
// of the channels". Digests are cut to 12 digits, control characters are written out.
std::vector<std::string> to_lines(const Lineage& lineage);

}  // namespace maas
