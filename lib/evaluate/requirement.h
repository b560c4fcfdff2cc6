// "accuracy must be >= 0.98": what a user requires of a model.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "evaluate/metrics.h"

namespace maas {

enum class Comparison { kAtLeast, kAbove, kAtMost, kBelow };

struct Requirement {
  std::string metric;
  Comparison comparison = Comparison::kAtLeast;
  double bound = 0;
  std::string text;                 // as the user wrote it
  bool met_by(double value) const;  // NaN meets nothing
};

// ">= 0.98", "<0.1", "> 98%" (= 0.98). Throws Error{kUsage} naming eval.require.<metric>.
Requirement parse_requirement(const std::string& metric, const std::string& text);

// All of them; throws one Error{kUsage} with every malformed one.
std::vector<Requirement> parse_requirements(const std::map<std::string, std::string>& require);

// One Problem for each requirement that `metrics` do not meet, to be thrown as Error{kRequirement}.
// Throws Error{kUsage} for malformed ones and for metrics that were not computed.
std::vector<Problem> unmet(const Metrics& metrics,
                           const std::map<std::string, std::string>& require);

// `metrics` followed by the required ones that are not among them: what has to be computed.
std::vector<std::string> with_required(std::vector<std::string> metrics,
                                       const std::map<std::string, std::string>& require);

}  // namespace maas
