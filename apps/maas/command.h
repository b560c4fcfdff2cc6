// A verb of the program: declared once in the table of commands.cpp.
//
// Adding one: write apps/maas/<verb>.cpp with a class derived from Command (version.cpp is the
// smallest) and a factory, and add a line to the table. declare() binds options to members and
// touches nothing else; run() does the work. Whatever the user can get wrong is an Error.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "output.h"

namespace maas {

class Command {
 public:
  virtual ~Command() = default;
  virtual void declare(CLI::App& app) = 0;
  // Returns the exit code, 0 but for verbs that say otherwise in their help.
  virtual int run(Output& output) = 0;
};

struct CommandRow {
  const char* name;
  const char* summary;   // one line, lower case
  const char* examples;  // lines to copy, printed first in the help
  std::unique_ptr<Command> (*make)();
};

// "bench serve" of "bench-serve": as people write verbs of two words.
std::string spoken_name(const CommandRow& row);

// In the order in which people use them.
const std::vector<CommandRow>& commands();

std::unique_ptr<Command> make_train();
std::unique_ptr<Command> make_eval();
std::unique_ptr<Command> make_predict();
std::unique_ptr<Command> make_inspect();
std::unique_ptr<Command> make_tune();
std::unique_ptr<Command> make_runs();
std::unique_ptr<Command> make_runs_compare();
std::unique_ptr<Command> make_bench();
std::unique_ptr<Command> make_bench_serve();
std::unique_ptr<Command> make_prune();
std::unique_ptr<Command> make_export();
std::unique_ptr<Command> make_import();
std::unique_ptr<Command> make_serve();
std::unique_ptr<Command> make_key();
std::unique_ptr<Command> make_distill();
std::unique_ptr<Command> make_quantize();
std::unique_ptr<Command> make_init();
std::unique_ptr<Command> make_config();
std::unique_ptr<Command> make_doctor();
std::unique_ptr<Command> make_completion();
std::unique_ptr<Command> make_version();

}  // namespace maas
