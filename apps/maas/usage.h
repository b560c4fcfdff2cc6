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

// Throws Error{kUsage} with a suggestion when there is none of this name.
const CommandRow& command_named(const std::string& name);

// `maas bench serve x` means `maas bench-serve x`, and so for every verb of two words.
void join_verb(std::vector<std::string>& arguments);

// `maas --json train x.yaml` means `maas train --json x.yaml`: flags that every verb has move
// behind the verb.
void verb_first(std::vector<std::string>& arguments);

// What CLI11 found wrong, in our words: Error{kUsage}, with a suggestion for a mistyped flag.
Error usage_error(const CommandRow& row, const CLI::App& app, const CLI::ParseError& error,
                  const std::vector<std::string>& arguments);

// Numbers as in configs: decimal, "5k" for 5000, within bounds that are included. CLI11 alone would
// take 010 for 8 and nan for a number.
CLI::Validator whole_number(int64_t lowest, int64_t highest);
CLI::Validator number(double lowest, double highest);

// What a verb takes, for help and completion.
struct VerbArgument {
  std::vector<std::string> names;  // "-o", "--output"; of a positional one: "model"
  std::string meaning;
  bool is_flag = false;              // has names with dashes
  bool takes_value = false;          // of a flag
  bool is_number = false;            // its value
  bool is_common = false;            // every verb has it
  bool is_required = false;          // of a positional
  std::vector<std::string> choices;  // the words that it takes; empty = any
};

// In order of declaration; those that every verb has come last.
std::vector<VerbArgument> arguments_of(const CLI::App& app);

}  // namespace maas
