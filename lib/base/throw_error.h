// The two errors that most code throws, in one call each.
#pragma once

#include <string>
#include <utility>

#include "base/error.h"

namespace maas {

// Error{kInput}: a damaged or unfitting input.
[[noreturn]] inline void throw_input(std::string where, std::string what, std::string expected,
                                     std::string fix = "") {
  throw Error(ErrorKind::kInput, {.where = std::move(where),
                                  .what = std::move(what),
                                  .expected = std::move(expected),
                                  .fix = std::move(fix)});
}

// Error{kUsage}: a command line or config that cannot be meant so.
[[noreturn]] inline void throw_usage(std::string where, std::string what, std::string expected,
                                     std::string fix = "") {
  throw Error(ErrorKind::kUsage, {.where = std::move(where),
                                  .what = std::move(what),
                                  .expected = std::move(expected),
                                  .fix = std::move(fix)});
}

}  // namespace maas
