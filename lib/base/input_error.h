// The error of a damaged or unfitting input, in one call.
#pragma once

#include <string>
#include <utility>

#include "base/error.h"

namespace maas {

[[noreturn]] inline void throw_input(std::string where, std::string what, std::string expected,
                                     std::string fix = "") {
  throw Error(ErrorKind::kInput, {.where = std::move(where),
                                  .what = std::move(what),
                                  .expected = std::move(expected),
                                  .fix = std::move(fix),
                                  .excerpt = ""});
}

}  // namespace maas
