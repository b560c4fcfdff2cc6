// What is in a CSV file: its delimiter, its header, which column to predict, whether it names
// images.
#pragma once

#include <filesystem>
#include <string>

#include "guess_data.h"

namespace maas {

// `written` is how the config names the file. Throws Error{kInput} when it is no table or has
// nothing to learn from, kUsage when `options` do not fit it.
DataGuess guess_table(const std::filesystem::path& path, const std::string& written,
                      const GuessOptions& options);

}  // namespace maas
