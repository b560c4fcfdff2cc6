// Errors: where, what was found, what was expected, how to fix it.
//
// Library code throws Error (one that holds several problems where one pass finds them) and never
// prints, never exits.
// The program's main() and the server's session are the only places that catch them.
#pragma once

#include <exception>
#include <string>
#include <vector>

namespace maas {

// What kind of thing went wrong; the value is the program's exit code (docs/exit_codes.md).
enum class ErrorKind {
  kFailed = 1,        // the work could not be done
  kUsage = 2,         // command line or config
  kInput = 3,         // a missing or corrupt input: data, model, checkpoint
  kResources = 4,     // disk, memory, permission, port
  kDiverged = 5,      // the loss became NaN or infinite
  kRequirement = 6,   // a check that the user required was not met
  kInternal = 70,     // a bug of ours
  kInterrupted = 75,  // stopped by a signal; can be resumed
};

// One problem. Parts are lower case, without a final period; `expected` and `fix` may be empty.
struct Problem {
  std::string where = {};     // file:line:column, path + record, flag, or request part
  std::string what = {};      // what was found, with the value
  std::string expected = {};  // what would have been right
  std::string fix = {};       // one imperative
  std::string excerpt = {};   // source line and caret, ready to print; may be empty

  // "where: what; expected ...\n<excerpt>\n  fix: ..."
  std::string text() const;
};

class Error : public std::exception {
 public:
  Error(ErrorKind kind, Problem problem);
  Error(ErrorKind kind, std::vector<Problem> problems);  // at least one

  ErrorKind kind() const { return kind_; }
  const std::vector<Problem>& problems() const { return problems_; }
  const Problem& first() const { return problems_.front(); }
  // Every problem, a block each.
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  ErrorKind kind_;
  std::vector<Problem> problems_;
  std::string text_;
};

// Programmer errors only; unreachable from any input. Throws Error{kInternal} naming the place.
[[noreturn]] void fail_check(const char* condition, const char* file, int line);
#define MAAS_CHECK(condition) \
  ((condition) ? void(0) : ::maas::fail_check(#condition, __FILE__, __LINE__))

}  // namespace maas
