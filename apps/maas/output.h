// Where results and talk go: stdout carries the result only, all else goes to stderr.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json_writer.h"

namespace maas {

struct OutputOptions {
  bool json = false;   // one JSON object on stdout, errors too
  bool quiet = false;  // nothing on stderr but errors
  int verbosity = 0;   // -v, -vv
  bool no_color = false;
  bool debug = false;  // causes of internal errors in full
};

// Thrown when whoever reads stdout has gone (`maas ... | head -1`): nobody is there to be told, so
// this is no Error; main() ends quietly with 128 + SIGPIPE, as the signal would.
struct StdoutClosed {};

// Not for several threads at once.
class Output {
 public:
  OutputOptions options;
  std::string verb;

  bool json() const { return options.json; }
  // The result, on stdout, followed by a line end unless it has one; but for JSON as
  // terminal_text() (base/shown_text.h) shows it. Throws StdoutClosed, or Error{kResources} when
  // stdout cannot be written.
  void result(std::string_view text) const;
  void data(std::string_view text) const;  // the same byte by byte, for other programs
  // Talk, on stderr: says what happens; silent with --quiet.
  void say(const std::string& text) const;
  void detail(const std::string& text) const;  // only with -v
  void warn(const std::string& text) const;    // of a text beyond 2000 bytes the beginning
  // An error, of each of its parts at most 2000 bytes: on stderr, or with --json as one object on
  // stdout; after a result has been printed there always on stderr, so that stdout stays what it
  // is. Returns the exit code.
  int fail(const Error& error) const;

  bool color() const;  // stderr takes colour: a terminal, unless NO_COLOR or --no-color say no
  bool live() const;   // stderr is a terminal on which a line can be written again
  int width() const;   // columns of that terminal; 80 when it does not say

 private:
  bool terminal() const;
  void print_problems(const Error& error) const;
  mutable bool has_result_ = false;
};

// The keys "error" (the first problem, and the exit code) and "problems" (all) of an object that is
// open: for a result that is an error as well, such as metrics that are not as required.
void write_error(JsonWriter& json, const Error& error);

// Opens /dev/null in the place of a standard stream that the caller closed: else the next file
// opened, a model perhaps, would get its number, and messages would be written into it.
void occupy_standard_streams();

}  // namespace maas
