// Help texts and errors of the command line itself.
#pragma once

#include <string>
#include <vector>

#include "command.h"

namespace maas {

std::string short_help();  // `maas` alone: twelve lines, three commands to copy
std::string long_help();   // `maas --help`: the table of verbs
std::string verb_help(const CommandRow& row, const CLI::App& app);  // examples first

// The options that every verb has.
void declare_common(CLI::App& app, OutputOptions& options);

Error usage_error(const CommandRow& row, const CLI::App& app, const CLI::ParseError& error,
                  const std::vector<std::string>& arguments);
Error unknown_verb(const std::string& verb);

}  // namespace maas
