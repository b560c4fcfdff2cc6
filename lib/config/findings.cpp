#include "config/findings.h"

#include <fmt/format.h>

#include <algorithm>

namespace maas {
namespace {

constexpr size_t kMostShown = 20;
constexpr size_t kMostKept = 1000;

}  // namespace

void Findings::add(const YamlPlace& place, std::string what, std::string expected,
                   std::string fix) {
  if (found_.size() >= kMostKept) {
    ++unkept_;
    return;
  }
  found_.push_back(
      {place,
       {place.where(), std::move(what), std::move(expected), std::move(fix), place.excerpt()}});
}

void Findings::raise(ErrorKind kind) {
  MAAS_CHECK(!found_.empty());
  std::stable_sort(found_.begin(), found_.end(),
                   [](const Finding& a, const Finding& b) { return a.place < b.place; });
  std::vector<Problem> problems;
  for (Finding& finding : found_) {
    if (problems.size() == kMostShown) break;
    problems.push_back(std::move(finding.problem));
  }
  if (const size_t more = count() - problems.size(); more > 0) {
    std::string& fix = problems.back().fix;
    fix += fmt::format("{}({} more {} not shown)", fix.empty() ? "" : "\n  ", more,
                       more == 1 ? "problem is" : "problems are");
  }
  throw Error(kind, std::move(problems));
}

}  // namespace maas
