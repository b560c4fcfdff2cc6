// The command line itself: reading it, and what to say when it is wrong.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "command.h"

namespace maas {

// A verb with its declared options, ready to parse. Neither copied nor moved: the options point
// into the command.
struct Parser {
  Parser(const CommandRow& row, OutputOptions& options);
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  std::unique_ptr<Command> command;
  std::unique_ptr<CLI::App> app;
};

const CommandRow* find_command(const std::string& name);  // null when there is none

// `maas --json train x.yaml` means `maas train --json x.yaml`: flags that every verb has move
// behind the verb.
void verb_first(std::vector<std::string>& arguments);

// What CLI11 found wrong, in our words: Error{kUsage}, with a suggestion for a mistyped flag.
Error usage_error(const CommandRow& row, const CLI::App& app, const CLI::ParseError& error,
                  const std::vector<std::string>& arguments);
Error unknown_verb(const std::string& verb);

// "a", "b", "c" of an option that takes one of these words; else empty.
std::vector<std::string> choices_of(const CLI::Option& option);

}  // namespace maas
