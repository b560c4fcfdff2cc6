#include "base/error.h"

#include <fmt/format.h>

namespace maas {

std::string Problem::text() const {
  std::string out = where.empty() ? what : where + ": " + what;
  if (!expected.empty()) out += "; expected " + expected;
  if (!excerpt.empty()) out += "\n" + excerpt;
  if (!fix.empty()) out += "\n  fix: " + fix;
  return out;
}

Error::Error(ErrorKind kind, Problem problem)
    : Error(kind, std::vector<Problem>{std::move(problem)}) {}

Error::Error(ErrorKind kind, std::vector<Problem> problems)
    : kind_(kind), problems_(std::move(problems)) {
  for (const Problem& problem : problems_) {
    if (!text_.empty()) text_ += "\n";
    text_ += problem.text();
  }
}

void fail_check(const char* condition, const char* file, int line) {
  throw Error(ErrorKind::kInternal,
              {.where = fmt::format("{}:{}", file, line),
               .what = fmt::format("internal check '{}' does not hold", condition),
               .expected = "",
               .fix = "this is a bug in maas; please report it with the command that led here"});
}

}  // namespace maas
