// Help texts. Each is for people or, as one JSON object, for programs.
#pragma once

#include <string>

#include "command.h"

namespace maas {

std::string short_help();  // `maas` alone: twelve lines, three commands to copy
std::string long_help();   // `maas --help`: the table of verbs
std::string long_help_json();
std::string verb_help(const CommandRow& row, const CLI::App& app);  // examples first
std::string verb_help_json(const CommandRow& row, const CLI::App& app);

}  // namespace maas
