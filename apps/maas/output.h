// Where results and talk go: stdout carries the result only, all else goes to stderr.
#pragma once

#include <string>

#include "base/error.h"

namespace maas {

struct OutputOptions {
  bool json = false;   // one JSON object on stdout, errors too
  bool quiet = false;  // nothing on stderr but errors
  int verbosity = 0;   // -v, -vv
  bool no_color = false;
  bool debug = false;  // causes of internal errors in full
};

class Output {
 public:
  OutputOptions options;
  std::string verb;

  bool json() const { return options.json; }
  // The result, on stdout, with a line end. Throws Error{kResources} when stdout cannot be written.
  void result(const std::string& text) const;
  // Talk, on stderr: says what happens; silent with --quiet.
  void say(const std::string& text) const;
  void warn(const std::string& text) const;
  // An error on stderr, or as JSON on stdout. Returns the exit code.
  int fail(const Error& error) const;

  bool color() const;     // stderr is a terminal that takes colour
  bool terminal() const;  // stderr is a terminal
};

}  // namespace maas
