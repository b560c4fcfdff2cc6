// Help texts.
#pragma once

#include <string>

#include "command.h"

namespace maas {

std::string short_help();  // `maas` alone: twelve lines, three commands to copy
std::string long_help();   // `maas --help`: the table of verbs
std::string verb_help(const CommandRow& row, const CLI::App& app);  // examples first

}  // namespace maas
