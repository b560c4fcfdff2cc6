// A new model from one that exists: what it keeps, and how it names its parent
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/model.h"

namespace maas {

// What a step did, for those who read the lineage. No path, user or host name: it travels.
struct Change {
  std::string text = {};             // a short phrase: "half of the multiply-adds"; may be empty
  std::optional<int64_t> seed = {};  // where the step drew random numbers
};

// The first step of a model that was made from nothing.
Lineage first_step(const std::string& verb, const Change& change = {});

// `program` as a model made from `parent` by `verb`: name, data specification and config are the
// parent's; its lineage comes first, then this step, which names it by its digest. Metrics are left
// out, since they were measured of another network; the digest is that of no file yet.
Model derived(const Model& parent, const std::string& verb, Program program,
              const Change& change = {});

}  // namespace maas
